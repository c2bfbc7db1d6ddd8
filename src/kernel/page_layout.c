/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/page_layout.h"

#include <string.h>

enum {
	/* page->mapping (include/linux/page-flags.h, PAGE_MAPPING_ANON): set for anonymous and KSM pages */
	MAPPING_ANONYMOUS = 1,
	/* page->compound_head: set in tail pages */
	COMPOUND_TAIL = 1,
	MOST_ORDER = 30,
	TYPE_SHIFT = 24,
};
/* of page types that are numbers in the upper byte */
#define TYPES_MASK (UINT32_MAX << TYPE_SHIFT)

struct source {
	const struct kd_vmcoreinfo *info;
	const struct kd_btf *btf; /* NULL: none at hand */
	struct kd_page_layout *layout;
};

static bool fits(const struct kd_page_layout *layout, uint64_t offset, uint16_t bytes)
{
	return offset <= layout->bytes && bytes <= layout->bytes - offset;
}

/* A member that may be missing. KD_CORRUPT when it lies outside of struct page. */
static enum kd_status find_member(const struct source *source, const char *name, uint16_t bytes,
				  struct kd_member *member, struct kd_err *err)
{
	uint64_t offset;
	enum kd_status status = kd_vmcoreinfo_offset(source->info, name, &offset, err);

	if (status == KD_NOTFOUND && source->btf) {
		struct kd_btf_member found;

		status = kd_btf_member(source->btf, name, &found, err);
		if (!status)
			offset = found.offset_bits / 8;
	}
	if (status)
		return status;
	if (!fits(source->layout, offset, bytes))
		return kd_fail(err, KD_CORRUPT, "VMCOREINFO: %s at byte %llu of %u", name,
			       (unsigned long long)offset, source->layout->bytes);
	*member = (struct kd_member){(uint16_t)offset, bytes};
	return KD_OK;
}

/* The name that page.compound_head has since 7.1, when fake heads went, too (see is_fake_head()). */
static enum kd_status find_compound_info(const struct source *source, struct kd_err *err)
{
	struct kd_page_layout *layout = source->layout;
	enum kd_status status;

	if (layout->compound_head.bytes)
		return KD_OK;
	status = find_member(source, "page.compound_info", 8, &layout->compound_head, err);
	layout->heads_are_true = !status;
	return status == KD_NOTFOUND ? KD_OK : status;
}

static enum kd_status find_members(const struct source *source, struct kd_err *err)
{
	struct kd_page_layout *layout = source->layout;
	const struct {
		const char *name;
		struct kd_member *member;
		uint16_t bytes;
		bool needed;
	} members[] = {
		{"page.flags", &layout->flags, 8, true},
		{"page.mapping", &layout->mapping, 8, true},
		{"page._refcount", &layout->refcount, 4, false},
		{"page._count", &layout->refcount, 4, false}, /* its name before 4.6 */
		{"page._mapcount", &layout->mapcount, 4, false},
		{"page.private", &layout->private, 8, false},
		{"page.compound_head", &layout->compound_head, 8, false},
		{"page.compound_order", &layout->order, 1, false},
		{"page.compound_dtor", &layout->destructor, 1, false},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		enum kd_status status = find_member(source, members[i].name, members[i].bytes,
						    members[i].member, err);

		if (status && (status != KD_NOTFOUND || members[i].needed))
			return status;
	}
	return find_compound_info(source, err);
}

/*
 * Since 6.3 a folio has members of its own over the struct pages: those from SIZE(page) on lie in the first
 * tail page.
 */
static void find_folio_members(const struct source *source)
{
	struct kd_page_layout *layout = source->layout;
	const struct {
		const char *name;
		struct kd_member *member;
	} members[] = {
		{"folio._folio_order", &layout->order},
		{"folio._folio_dtor", &layout->destructor},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		uint64_t offset;

		if (!kd_vmcoreinfo_offset(source->info, members[i].name, &offset, NULL) &&
		    offset >= layout->bytes && fits(layout, offset - layout->bytes, 1))
			*members[i].member =
				(struct kd_member){(uint16_t)(offset - layout->bytes), 1};
	}
}

/* A number of the kernel's: BTF has those that are enumerators. */
static enum kd_status find_number(const struct source *source, const char *name, int64_t *number,
				  struct kd_err *err)
{
	enum kd_status status = kd_vmcoreinfo_number(source->info, name, number, err);

	if (status == KD_NOTFOUND && source->btf)
		status = kd_btf_enumerator(source->btf, name, number, err);
	return status;
}

static enum kd_status find_flags(const struct source *source, struct kd_err *err)
{
	struct kd_page_flags *flag = &source->layout->flag;
	const struct {
		const char *name;
		uint64_t *mask;
		bool needed;
	} flags[] = {
		{"PG_lru", &flag->lru, true},
		{"PG_private", &flag->private, true},
		{"PG_swapcache", &flag->swapcache, true},
		{"PG_swapbacked", &flag->swapbacked, false},
		{"PG_slab", &flag->slab, false},
		{"PG_hwpoison", &flag->hwpoison, false},
		{"PG_buddy", &flag->buddy, false},
		{"PG_hugetlb", &flag->hugetlb, false},
	};
	int64_t number;

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		enum kd_status status = find_number(source, flags[i].name, &number, err);

		if (status == KD_NOTFOUND && !flags[i].needed)
			continue;
		if (status)
			return status;
		if (number < 0 || number > 63)
			return kd_fail(err, KD_CORRUPT, "VMCOREINFO: %s is bit %lld", flags[i].name,
				       (long long)number);
		*flags[i].mask = UINT64_C(1) << number;
	}
	if (!kd_vmcoreinfo_number(source->info, "PG_head_mask", &number, NULL))
		flag->head = (uint64_t)number;
	else if (!find_number(source, "PG_head", &number, NULL) && number >= 0 && number < 64)
		flag->head = UINT64_C(1) << number;
	return KD_OK;
}

static void find_types(const struct source *source)
{
	struct kd_page_layout *layout = source->layout;
	const struct {
		const char *name;
		const char *enumerator; /* of enum pagetype, since 6.12: the upper byte */
		struct kd_page_type *type;
	} types[] = {
		{"PAGE_BUDDY_MAPCOUNT_VALUE", "PGTY_buddy", &layout->buddy},
		{"PAGE_OFFLINE_MAPCOUNT_VALUE", "PGTY_offline", &layout->offline},
		{"PAGE_UNACCEPTED_MAPCOUNT_VALUE", "PGTY_unaccepted", &layout->unaccepted},
		{"PAGE_SLAB_MAPCOUNT_VALUE", "PGTY_slab", &layout->slab},
		{"PAGE_HUGETLB_MAPCOUNT_VALUE", "PGTY_hugetlb", &layout->hugetlb},
	};
	int64_t number;

	if (!layout->mapcount.bytes)
		return;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		uint32_t value;

		if (!kd_vmcoreinfo_number(source->info, types[i].name, &number, NULL))
			value = (uint32_t)number;
		else if (source->btf &&
			 !kd_btf_enumerator(source->btf, types[i].enumerator, &number, NULL))
			value = (uint32_t)number << TYPE_SHIFT;
		else
			continue;
		/* a type of the upper byte: what is below may count something else */
		types[i].type->mask = value << (32 - TYPE_SHIFT) ? UINT32_MAX : TYPES_MASK;
		types[i].type->value = value & types[i].type->mask;
	}
}

enum kd_status kd_page_layout_init(struct kd_page_layout *layout, const struct kd_vmcoreinfo *info,
				   const struct kd_btf *btf, struct kd_err *err)
{
	const struct source source = {info, btf, layout};
	struct kd_btf_type type = {0};
	uint64_t number;
	int64_t destructor;
	enum kd_status status;

	*layout = (struct kd_page_layout){.hugetlb_destructor = -1};
	status = kd_vmcoreinfo_size(info, "page", &number, err);
	if (status == KD_NOTFOUND && btf) {
		status = kd_btf_find(btf, KD_BTF_STRUCT, "page", &type, err);
		number = type.size;
	}
	if (status)
		return status;
	if (number < 32 || number > KD_STRUCT_PAGE_MOST || number % 8)
		return kd_fail(err, KD_CORRUPT, "VMCOREINFO: a struct page of %llu bytes",
			       (unsigned long long)number);
	layout->bytes = (uint32_t)number;
	status = find_members(&source, err);
	if (!status)
		status = find_flags(&source, err);
	if (status)
		return status;
	find_folio_members(&source);
	find_types(&source);
	layout->order_in_flags = layout->hugetlb.mask || layout->flag.hugetlb;
	if (!find_number(&source, "HUGETLB_PAGE_DTOR", &destructor, NULL))
		layout->hugetlb_destructor = destructor;
	layout->orders = 11;
	if (!kd_vmcoreinfo_length(info, "zone.free_area", &number, NULL) && number &&
	    number <= MOST_ORDER)
		layout->orders = (unsigned int)number;
	return KD_OK;
}

bool kd_page_layout_lacks(const struct kd_page_layout *layout)
{
	const struct kd_page_type *const types[] = {&layout->offline, &layout->unaccepted,
						    &layout->slab, &layout->hugetlb};

	if (!layout->private.bytes || (!layout->buddy.mask && !layout->flag.buddy))
		return true;
	/* a kernel that numbers its types has all of these, whatever it says of them in VMCOREINFO */
	for (size_t i = 0; layout->buddy.mask == TYPES_MASK && i < sizeof(types) / sizeof(*types);
	     i++)
		if (!types[i]->mask)
			return true;
	return false;
}

/* This is done for every page of a machine: the sizes are constants, so that these are plain loads. */
static uint64_t load_8(struct kd_member member, const uint8_t *page)
{
	uint64_t value;

	memcpy(&value, page + member.offset, sizeof(value));
	return value;
}

static uint32_t load_4(struct kd_member member, const uint8_t *page)
{
	uint32_t value;

	memcpy(&value, page + member.offset, sizeof(value));
	return value;
}

static bool is_type(const struct kd_page_type *type, uint32_t mapcount)
{
	return type->mask && (mapcount & type->mask) == type->value;
}

bool kd_page_is_head(const struct kd_page_layout *layout, const uint8_t *page)
{
	return load_8(layout->flags, page) & layout->flag.head;
}

bool kd_page_unreferenced(const struct kd_page_layout *layout, const uint8_t *page)
{
	return !layout->refcount.bytes || !load_4(layout->refcount, page);
}

bool kd_page_poisoned(const struct kd_page_layout *layout, const uint8_t *page)
{
	return load_8(layout->flags, page) & layout->flag.hwpoison;
}

/* The order of a compound page and whether it is hugetlb's, both told by its first tail page. */
static unsigned int judge_compound(const struct kd_page_layout *layout, uint64_t pfn,
				   uint32_t mapcount, const uint8_t *next, bool *hugetlb)
{
	uint64_t next_flags = load_8(layout->flags, next);
	uint64_t order = layout->order_in_flags ? next_flags & 0xff
			 : layout->order.bytes  ? next[layout->order.offset]
						: 0;

	*hugetlb = is_type(&layout->hugetlb, mapcount) || next_flags & layout->flag.hugetlb ||
		   (layout->hugetlb_destructor >= 0 && layout->destructor.bytes &&
		    next[layout->destructor.offset] == layout->hugetlb_destructor);
	return order > MOST_ORDER || pfn & ((UINT64_C(1) << order) - 1) ? 0 : (unsigned int)order;
}

static bool is_cache(const struct kd_page_layout *layout, uint64_t flags)
{
	if (flags & layout->flag.lru)
		return true;
	/* the bit of PG_swapcache means something else without PG_swapbacked (since 4.10, 6326fec1122c) */
	return flags & layout->flag.swapcache &&
	       (!layout->flag.swapbacked || flags & layout->flag.swapbacked);
}

/*
 * Where the struct pages of a hugetlb page's tails are given back to the kernel (HugeTLB vmemmap optimization,
 * f41f2ed43ca5), the first page of its struct pages is mapped in place of the others (e7d324850bfc): what looks like
 * a head is one only if the tail behind it points to it. Since 7.1 the page of the head is not shared any more.
 */
static bool is_fake_head(const struct kd_page_layout *layout, uint64_t vaddr, const uint8_t *next)
{
	uint64_t head;

	if (layout->heads_are_true || !layout->compound_head.bytes)
		return false;
	head = load_8(layout->compound_head, next);
	return head & COMPOUND_TAIL && head - COMPOUND_TAIL != vaddr;
}

struct kd_page_verdict kd_page_judge(const struct kd_page_layout *layout, uint64_t pfn,
				     uint64_t vaddr, const uint8_t *page, const uint8_t *next)
{
	struct kd_page_verdict verdict = {KD_PAGE_KERNEL, 0, false};
	uint64_t flags = load_8(layout->flags, page);
	uint64_t mapping = load_8(layout->mapping, page);
	uint32_t mapcount = layout->mapcount.bytes ? load_4(layout->mapcount, page) : 0;
	bool hugetlb = false;

	verdict.tail =
		layout->compound_head.bytes && load_8(layout->compound_head, page) & COMPOUND_TAIL;
	if (flags & layout->flag.head && next && is_fake_head(layout, vaddr, next))
		verdict.tail = true;
	if (verdict.tail)
		return verdict;
	if (flags & layout->flag.head && next)
		verdict.order = judge_compound(layout, pfn, mapcount, next, &hugetlb);
	if (flags & layout->flag.hwpoison) {
		verdict.kind = KD_PAGE_POISONED;
	} else if (flags & layout->flag.slab || is_type(&layout->slab, mapcount)) {
		verdict.kind = KD_PAGE_KERNEL; /* whose other members are its own */
	} else if (is_type(&layout->buddy, mapcount) || flags & layout->flag.buddy) {
		uint64_t order = layout->private.bytes ? load_8(layout->private, page) : UINT64_MAX;

		if (order < layout->orders) {
			verdict.kind = KD_PAGE_FREE;
			verdict.order = (unsigned int)order;
		}
	} else if (is_type(&layout->unaccepted, mapcount)) {
		/* listed in blocks of the largest order only (mm/page_alloc.c, __free_unaccepted) */
		verdict.kind = KD_PAGE_UNACCEPTED;
		verdict.order = layout->orders - 1;
	} else if (is_cache(layout, flags) && !(mapping & MAPPING_ANONYMOUS)) {
		verdict.kind = flags & layout->flag.private ? KD_PAGE_CACHE_PRIVATE : KD_PAGE_CACHE;
	} else if (hugetlb) {
		verdict.kind = KD_PAGE_HUGE;
	} else if (mapping & MAPPING_ANONYMOUS) {
		verdict.kind = KD_PAGE_USER;
	} else if (is_type(&layout->offline, mapcount)) {
		verdict.kind = KD_PAGE_OFFLINE;
	}
	return verdict;
}
