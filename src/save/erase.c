/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/erase.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/system.h"
#include "kernel/kallsyms.h"
#include "kernel/types.h"

enum {
	SPEC_BYTES_MOST = 512,
	STRING_BYTES_MOST = 64 << 10,
	ELEMENTS_MOST = 1 << 20,
	POINTER_BYTES = 8,
	PIECE_BYTES = 256,
	SYMBOL_BYTES_MOST = 64 << 10,
};

/* A specification, cut at its '@' and ':'. */
struct spec {
	char text[SPEC_BYTES_MOST];
	const char *path; /* TYPE.MEMBER…; NULL: a symbol alone */
	const char *head; /* the symbol, or the head of the list */
	const char *list; /* TYPE's member; NULL: no list */
	bool target;      /* what the last member points to */
};

struct eraser {
	struct kd_kernel *kernel;
	struct kd_erasures *erasures;
	struct kd_kallsyms *symbols;
	struct kd_types types;
	bool types_known;
	uint64_t bytes; /* that the current specification erases */
};

static enum kd_status parse(const char *text, struct spec *spec, struct kd_err *err)
{
	char *at;

	*spec = (struct spec){.path = NULL};
	if (strlen(text) >= sizeof(spec->text) || !*text || strpbrk(text, " \t\n"))
		return kd_fail(err, KD_INVALID, "neither SYMBOL nor TYPE[.MEMBER]@SYMBOL[:LIST]");
	strcpy(spec->text, text);
	spec->head = spec->text;
	at = strchr(spec->text, '@');
	if (at) {
		char *list = strchr(at, ':');

		*at = '\0';
		spec->path = spec->text;
		spec->head = at + 1;
		if (list) {
			*list = '\0';
			spec->list = list + 1;
		}
		if (at > spec->text && at[-1] == '*') {
			at[-1] = '\0';
			spec->target = true;
		}
		if (!*spec->path || (spec->list && !*spec->list))
			return kd_fail(err, KD_INVALID,
				       "neither SYMBOL nor TYPE[.MEMBER]@SYMBOL[:LIST]");
	}
	if (!*spec->head)
		return kd_fail(err, KD_INVALID, "names no symbol");
	return KD_OK;
}

static enum kd_status add_range(struct kd_erasures *erasures, uint64_t paddr, uint64_t bytes,
				struct kd_err *err)
{
	if (erasures->count == erasures->room) {
		size_t room = erasures->room ? 2 * erasures->room : 64;
		struct kd_erasure *grown = realloc(erasures->ranges, room * sizeof(*grown));

		if (!grown)
			return kd_fail_errno(err, ENOMEM, "%zu ranges to erase", room);
		erasures->ranges = grown;
		erasures->room = room;
	}
	erasures->ranges[erasures->count++] = (struct kd_erasure){paddr, bytes};
	return KD_OK;
}

/* Notes a range of virtual addresses, piece by piece as it is mapped. */
static enum kd_status add_virtual(struct eraser *eraser, uint64_t vaddr, uint64_t bytes,
				  struct kd_err *err)
{
	struct kd_space *space = kd_kernel_space(eraser->kernel);

	if (!space) {
		*err = *kd_kernel_space_error(eraser->kernel);
		return err->status;
	}
	eraser->bytes += bytes;
	while (bytes) {
		uint64_t paddr, piece;
		enum kd_status status = kd_space_translate(space, vaddr, &paddr, &piece, err);

		if (piece > bytes)
			piece = bytes;
		if (!status)
			status = add_range(eraser->erasures, paddr, piece, err);
		if (status)
			return status;
		vaddr += piece;
		bytes -= piece;
	}
	return KD_OK;
}

static enum kd_status read_pointer(struct eraser *eraser, uint64_t vaddr, uint64_t *value,
				   struct kd_err *err)
{
	return kd_kernel_read(eraser->kernel, vaddr, value, POINTER_BYTES, err);
}

static enum kd_status string_bytes(struct eraser *eraser, uint64_t vaddr, uint64_t *bytes,
				   struct kd_err *err)
{
	for (*bytes = 0; *bytes < STRING_BYTES_MOST;) {
		char piece[PIECE_BYTES];
		/* not over the end of a page: what follows need not be mapped */
		size_t count = PIECE_BYTES - (vaddr + *bytes) % PIECE_BYTES, length;
		enum kd_status status =
			kd_kernel_read(eraser->kernel, vaddr + *bytes, piece, count, err);

		if (status)
			return status;
		length = strnlen(piece, count);
		*bytes += length;
		if (length < count)
			return KD_OK;
	}
	return kd_fail(err, KD_CORRUPT, "the string at 0x%llx does not end",
		       (unsigned long long)vaddr);
}

static bool is_character(const struct kd_btf_type *type)
{
	return type->kind == KD_BTF_INT && type->size == 1;
}

/* What the pointer at vaddr points to: a string, or as much as its target has. */
static enum kd_status add_target(struct eraser *eraser, const struct kd_btf_type *target,
				 uint64_t vaddr, struct kd_err *err)
{
	uint64_t to = 0, bytes = 0;
	enum kd_status status = read_pointer(eraser, vaddr, &to, err);

	if (status || !to)
		return status;
	status = is_character(target) ? string_bytes(eraser, to, &bytes, err)
				      : kd_btf_size(&eraser->types.btf, target->id, &bytes, err);
	return status ? status : add_virtual(eraser, to, bytes, err);
}

static enum kd_status find_type(struct eraser *eraser, const char *name, size_t length,
				struct kd_btf_type *type, struct kd_err *err)
{
	static const enum kd_btf_kind kinds[] = {KD_BTF_STRUCT, KD_BTF_UNION, KD_BTF_TYPEDEF,
						 KD_BTF_INT, KD_BTF_ENUM};
	const struct kd_btf *btf = &eraser->types.btf;
	char word[SPEC_BYTES_MOST];
	enum kd_status status = KD_NOTFOUND;

	snprintf(word, sizeof(word), "%.*s", (int)length, name);
	for (size_t i = 0; status == KD_NOTFOUND && i < sizeof(kinds) / sizeof(*kinds); i++)
		status = kd_btf_find(btf, kinds[i], word, type, err);
	return status ? status : kd_btf_resolve(btf, type->id, type, err);
}

/* Goes along TYPE.MEMBER.MEMBER from an object; a NULL pointer on the way is the end, and nothing to erase. */
static enum kd_status add_path(struct eraser *eraser, const struct spec *spec, uint64_t vaddr,
			       struct kd_err *err)
{
	const struct kd_btf *btf = &eraser->types.btf;
	const char *path = spec->path;
	size_t length = strcspn(path, ".");
	struct kd_btf_member member = {.bits = 0};
	struct kd_btf_type type;
	uint64_t bytes = 0;
	enum kd_status status = find_type(eraser, path, length, &type, err);

	while (!status && path[length] == '.') {
		path += length + 1;
		length = strcspn(path, ".");
		if (type.kind == KD_BTF_POINTER) {
			status = read_pointer(eraser, vaddr, &vaddr, err);
			if (status || !vaddr)
				return status;
			status = kd_btf_resolve(btf, type.type_id, &type, err);
		}
		if (!status)
			status = kd_btf_member_in(btf, &type, path, length, &member, err);
		if (!status && member.bits)
			return kd_fail(err, KD_UNSUPPORTED, "%s is a bit field", path);
		if (!status)
			status = kd_btf_resolve(btf, member.type_id, &type, err);
		vaddr += member.offset_bits / 8;
	}
	if (!status && spec->target && path != spec->path) {
		if (type.kind != KD_BTF_POINTER)
			return kd_fail(err, KD_INVALID, "%s is no pointer", path);
		status = kd_btf_resolve(btf, type.type_id, &type, err);
	}
	if (!status && spec->target)
		return add_target(eraser, &type, vaddr, err);
	if (!status)
		status = kd_btf_size(btf, type.id, &bytes, err);
	return status ? status : add_virtual(eraser, vaddr, bytes, err);
}

/* SYMBOL, or SYMBOL.MEMBER of the specification's type: then *element is where SYMBOL is, else 0. */
static enum kd_status find_head(struct eraser *eraser, const struct spec *spec, uint64_t *head,
				uint64_t *element, struct kd_err *err)
{
	char path[2 * SPEC_BYTES_MOST];
	const char *member = strchr(spec->head, '.');
	struct kd_btf_member found;
	enum kd_status status;

	*element = 0;
	if (!member)
		return kd_kallsyms_find(eraser->symbols, spec->head, head, err);
	snprintf(path, sizeof(path), "%.*s", (int)(member - spec->head), spec->head);
	status = kd_kallsyms_find(eraser->symbols, path, element, err);
	snprintf(path, sizeof(path), "%.*s%s", (int)strcspn(spec->path, "."), spec->path, member);
	if (!status)
		status = kd_btf_member(&eraser->types.btf, path, &found, err);
	if (!status)
		*head = *element + found.offset_bits / 8;
	return status;
}

static enum kd_status add_list(struct eraser *eraser, const struct spec *spec, struct kd_err *err)
{
	char path[2 * SPEC_BYTES_MOST];
	uint64_t head = 0, element = 0, at = 0;
	struct kd_btf_member link = {.bits = 0};
	enum kd_status status = find_head(eraser, spec, &head, &element, err);

	snprintf(path, sizeof(path), "%.*s.%s", (int)strcspn(spec->path, "."), spec->path,
		 spec->list);
	if (!status)
		status = kd_btf_member(&eraser->types.btf, path, &link, err);
	if (!status && element)
		status = add_path(eraser, spec, element, err);
	if (!status)
		status = read_pointer(eraser, head, &at, err);
	for (unsigned int i = 0; !status && at != head; i++) {
		if (i == ELEMENTS_MOST || !at)
			return kd_fail(err, KD_CORRUPT,
				       "the list of %s breaks off after %u elements", spec->head,
				       i);
		status = add_path(eraser, spec, at - link.offset_bits / 8, err);
		if (!status)
			status = read_pointer(eraser, at, &at, err);
	}
	return status;
}

static enum kd_status add_symbol(struct eraser *eraser, const char *name, struct kd_err *err)
{
	uint32_t number = 0;
	uint64_t vaddr = 0, bytes = 0;
	enum kd_status status = kd_kallsyms_number(eraser->symbols, name, &number, err);

	if (!status)
		status = kd_kallsyms_address(eraser->symbols, number, &vaddr, err);
	if (!status)
		status = kd_kallsyms_extent(eraser->symbols, number, &bytes, err);
	/* not every object has a symbol: what lies behind may be others */
	if (!status && bytes > SYMBOL_BYTES_MOST)
		return kd_fail(err, KD_UNSUPPORTED,
			       "how large it is cannot be told, the next symbol is %llu bytes "
			       "behind it; name its type: TYPE@%s",
			       (unsigned long long)bytes, name);
	return status ? status : add_virtual(eraser, vaddr, bytes, err);
}

static enum kd_status add_spec(struct eraser *eraser, const char *text, struct kd_err *err)
{
	struct spec spec;
	uint64_t vaddr = 0;
	enum kd_status status = parse(text, &spec, err);

	if (status)
		return status;
	if (!spec.path)
		return add_symbol(eraser, spec.head, err);
	if (!eraser->types_known)
		status = kd_types_init(&eraser->types, eraser->kernel, err);
	eraser->types_known = !status;
	if (!status && spec.list)
		return add_list(eraser, &spec, err);
	if (!status)
		status = kd_kallsyms_find(eraser->symbols, spec.head, &vaddr, err);
	return status ? status : add_path(eraser, &spec, vaddr, err);
}

static int by_address(const void *left, const void *right)
{
	const struct kd_erasure *a = left, *b = right;

	return (a->paddr > b->paddr) - (a->paddr < b->paddr);
}

static void sort_ranges(struct kd_erasures *erasures)
{
	struct kd_erasure *ranges = erasures->ranges;
	size_t kept = 0;

	if (!erasures->count)
		return;
	qsort(ranges, erasures->count, sizeof(*ranges), by_address);
	for (size_t i = 1; i < erasures->count; i++) {
		uint64_t end = ranges[kept].paddr + ranges[kept].bytes;

		if (ranges[i].paddr > end)
			ranges[++kept] = ranges[i];
		else if (ranges[i].paddr + ranges[i].bytes > end)
			ranges[kept].bytes = ranges[i].paddr + ranges[i].bytes - ranges[kept].paddr;
	}
	erasures->count = kept + 1;
}

/* A line of the record, as write_eraseinfo() of makedumpfile.c writes it. */
static enum kd_status record(struct kd_erasures *erasures, const char *spec, uint64_t bytes,
			     struct kd_err *err)
{
	char *longer;
	int length =
		asprintf(&longer, "%serase %s size %llu\n", erasures->text ? erasures->text : "",
			 spec, (unsigned long long)bytes);

	if (length < 0)
		return kd_fail_errno(err, ENOMEM, "erasing");
	free(erasures->text);
	erasures->text = longer;
	erasures->text_bytes = (size_t)length;
	return KD_OK;
}

enum kd_status kd_erasures_init(struct kd_erasures *erasures, struct kd_kernel *kernel,
				const char *const *specs, size_t count, struct kd_err *err)
{
	struct kd_erasures made = {.ranges = NULL};
	struct kd_err own = {KD_OK, ""};
	KD_CLEANUP_FREE struct kd_kallsyms *symbols = malloc(sizeof(*symbols));
	struct eraser eraser = {.kernel = kernel, .erasures = &made, .symbols = symbols};
	enum kd_status status;

	if (!symbols)
		status = kd_fail_errno(&own, ENOMEM, "erasing");
	else
		status = kd_kallsyms_init(symbols, kernel, &own);
	for (size_t i = 0; !status && i < count; i++) {
		eraser.bytes = 0;
		status = add_spec(&eraser, specs[i], &own);
		if (status)
			kd_context(&own, status, "%s", specs[i]);
		else
			status = record(&made, specs[i], eraser.bytes, &own);
	}
	if (eraser.types_known)
		kd_types_deinit(&eraser.types);
	if (status) {
		kd_erasures_deinit(&made);
		if (err)
			*err = own;
		return status;
	}
	sort_ranges(&made);
	*erasures = made;
	return KD_OK;
}

void kd_erasures_deinit(struct kd_erasures *erasures)
{
	if (!erasures)
		return;
	free(erasures->ranges);
	free(erasures->text);
	*erasures = (struct kd_erasures){.ranges = NULL};
}

/* The first range that ends behind paddr. */
static size_t first_behind(const struct kd_erasures *erasures, uint64_t paddr)
{
	size_t low = 0, high = erasures->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (erasures->ranges[middle].paddr + erasures->ranges[middle].bytes <= paddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool kd_erasures_touch(const struct kd_erasures *erasures, uint64_t paddr, size_t bytes)
{
	size_t i = first_behind(erasures, paddr);

	return i < erasures->count && erasures->ranges[i].paddr < paddr + bytes;
}

void kd_erasures_apply(const struct kd_erasures *erasures, uint64_t paddr, uint8_t *copy,
		       size_t bytes)
{
	for (size_t i = first_behind(erasures, paddr);
	     i < erasures->count && erasures->ranges[i].paddr < paddr + bytes; i++) {
		uint64_t start = erasures->ranges[i].paddr;
		uint64_t end = start + erasures->ranges[i].bytes;

		if (start < paddr)
			start = paddr;
		if (end > paddr + bytes)
			end = paddr + bytes;
		memset(copy + (start - paddr), KD_ERASED_BYTE, (size_t)(end - start));
	}
}
