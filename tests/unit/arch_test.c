/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/arch on made-up page tables: every size of page and of address that Linux has on i386 and arm64, and
 * what is wrong at each level. The bits are written out here, not taken from the code under test.
 */
#include "test.h"

#include <stdbool.h>
#include <string.h>

#include "arch/arch.h"

enum { SLOTS = 64, FREE = 0xabad1dea };

/* The few entries that a test makes; the rest of memory is zero, but for a hole. */
struct memory {
	struct {
		uint64_t paddr, value; /* paddr is a multiple of 8 */
	} slots[SLOTS];
	size_t count;
	uint64_t hole; /* where a read fails; FREE: nowhere */
	size_t reads;
};

static enum kd_status read_entry(void *opaque, uint64_t paddr, uint64_t *entry, struct kd_err *err)
{
	struct memory *memory = opaque;

	memory->reads++;
	assert_int_equal(paddr % 8, 0);
	if (paddr == memory->hole)
		return kd_fail(err, KD_HOLE, "no RAM there");
	*entry = 0;
	for (size_t i = 0; i < memory->count; i++)
		if (memory->slots[i].paddr == paddr)
			*entry = memory->slots[i].value;
	return KD_OK;
}

static uint64_t *slot(struct memory *memory, uint64_t paddr)
{
	for (size_t i = 0; i < memory->count; i++)
		if (memory->slots[i].paddr == paddr)
			return &memory->slots[i].value;
	assert_true(memory->count < SLOTS);
	memory->slots[memory->count].paddr = paddr;
	return &memory->slots[memory->count++].value;
}

static void poke(struct memory *memory, uint64_t paddr, uint64_t value, unsigned int bytes)
{
	uint64_t *word = slot(memory, paddr & ~UINT64_C(7));

	if (bytes == 8)
		*word = value;
	else if (paddr & 4)
		*word = (*word & UINT32_MAX) | value << 32;
	else
		*word = (*word & ~(uint64_t)UINT32_MAX) | value;
}

static struct kd_walk walk_over(struct memory *memory, uint64_t root, unsigned int levels,
				unsigned int va_bits, uint32_t page_bytes)
{
	*memory = (struct memory){.hole = FREE};
	return (struct kd_walk){.root_paddr = root,
				.levels = levels,
				.va_bits = va_bits,
				.page_bytes = page_bytes,
				.read = read_entry,
				.opaque = memory};
}

static void maps(const struct kd_arch *arch, const struct kd_walk *walk, uint64_t vaddr,
		 uint64_t paddr, uint64_t left)
{
	struct kd_err err = {0};
	uint64_t found = 0, bytes = 0;

	assert_int_equal(arch->translate(walk, vaddr, &found, &bytes, &err), KD_OK);
	assert_true(found == paddr);
	assert_true(bytes == left);
}

static void fails(const struct kd_arch *arch, const struct kd_walk *walk, uint64_t vaddr,
		  enum kd_status status, const char *why)
{
	struct kd_err err = {0};
	uint64_t found = FREE, bytes = FREE;

	assert_int_equal(arch->translate(walk, vaddr, &found, &bytes, &err), status);
	assert_true(found == FREE && bytes == FREE);
	if (!strstr(err.text, why))
		fail_msg("'%s' in '%s'", why, err.text);
}

/* i386 */

static void i386_two_levels(void **state)
{
	const struct kd_arch *arch = &kd_arch_i386;
	struct memory memory;
	struct kd_walk walk = walk_over(&memory, 0x1000, 2, 0, 0);

	/* both halves of a word are entries; attributes and software bits all set but PSE */
	poke(&memory, 0x1000 + 769 * 4, 0x00002f7f, 4);
	poke(&memory, 0x1000 + 768 * 4, 0x00003001, 4);
	poke(&memory, 0x2000 + 1023 * 4, 0xfffffffd, 4); /* PSE is PAT here: a page all the same */
	poke(&memory, 0x3000 + 2 * 4, 0x12345001, 4);
	maps(arch, &walk, 0xc07ff123, 0xfffff123, 0x1000 - 0x123);
	maps(arch, &walk, 0xc0002ffc, 0x12345ffc, 4);
	/* 4 MiB; then one with PSE-36's high bits, PAT and the reserved bit 21 */
	poke(&memory, 0x1000 + 1023 * 4, 0x00400081, 4);
	maps(arch, &walk, 0xffffffff, 0x007fffff, 1);
	poke(&memory, 0x1000 + 1022 * 4, 0xffc00081 | 0xab << 13 | 1 << 12 | 1 << 21, 4);
	maps(arch, &walk, 0xff812345, UINT64_C(0xabffc12345), 0x400000 - 0x12345);
	maps(arch, &walk, 0xff800000, UINT64_C(0xabffc00000), 0x400000);

	fails(arch, &walk, 0xc0001000, KD_FAULT, "level 1");
	fails(arch, &walk, 0x00001000, KD_FAULT, "level 2");
	poke(&memory, 0x1000, 0xfffffffe, 4); /* not present, whatever the rest says */
	fails(arch, &walk, 0x00001000, KD_FAULT, "level 2");
	poke(&memory, 0x3000, 0xfffffffe, 4);
	fails(arch, &walk, 0xc0000000, KD_FAULT, "level 1");
	memory.hole = 0x3000;
	fails(arch, &walk, 0xc0000000, KD_HOLE, "level 1");
	memory.hole = 0x1000;
	fails(arch, &walk, 0, KD_HOLE, "level 2");
}

static void i386_pae(void **state)
{
	const struct kd_arch *arch = &kd_arch_i386;
	struct memory memory;
	struct kd_walk walk = walk_over(&memory, 0x1020, 3, 0, 0); /* CR3 is a multiple of 32 */

	/* bit 7 makes no page of an entry of level 3, and NX and software bits are no address */
	poke(&memory, 0x1020 + 3 * 8, UINT64_C(0x7ff0000100002e81), 8);
	poke(&memory, UINT64_C(0x100002000) + 1 * 8, UINT64_C(0x8000000000003f7f), 8);
	poke(&memory, 0x3000 + 511 * 8, UINT64_C(0xfffffffffffff0ff), 8);
	maps(arch, &walk, 0xc03ff678, UINT64_C(0xffffffffff678), 0x1000 - 0x678);
	/* 2 MiB, with PAT and the reserved bits above it */
	poke(&memory, UINT64_C(0x100002000) + 511 * 8, UINT64_C(0x80000fffffffff81), 8);
	maps(arch, &walk, 0xffffffff, UINT64_C(0xfffffffffff), 1);
	maps(arch, &walk, 0xffe00000, UINT64_C(0xfffffe00000), 0x200000);

	fails(arch, &walk, 0xc0200000, KD_FAULT, "level 1");
	fails(arch, &walk, 0xc0400000, KD_FAULT, "level 2");
	fails(arch, &walk, 0xbfffffff, KD_FAULT, "level 3");
	poke(&memory, 0x1020 + 2 * 8, ~UINT64_C(1), 8);
	fails(arch, &walk, 0xbfffffff, KD_FAULT, "level 3");
	memory.hole = 0x3000 + 511 * 8;
	fails(arch, &walk, 0xc03ff678, KD_HOLE, "level 1");
	memory.hole = UINT64_C(0x100002000) + 511 * 8;
	fails(arch, &walk, 0xffe00000, KD_HOLE, "level 2");
	memory.hole = 0x1020;
	fails(arch, &walk, 0, KD_HOLE, "level 3");
}

static void i386_range(void **state)
{
	struct memory memory;

	for (unsigned int levels = 0; levels < 6; levels++) {
		struct kd_walk walk = walk_over(&memory, 0x1000, levels, 0, 0);
		bool known = levels == 2 || levels == 3;

		fails(&kd_arch_i386, &walk, UINT64_C(0x1c0000000),
		      known ? KD_FAULT : KD_UNSUPPORTED, known ? "32 bits" : "levels");
		fails(&kd_arch_i386, &walk, UINT64_C(0xffffffffc0000000),
		      known ? KD_FAULT : KD_UNSUPPORTED, known ? "32 bits" : "levels");
		assert_int_equal(memory.reads, 0);
	}
}

/* arm64 */

struct form {
	const struct kd_arch *arch;
	unsigned int page_shift, va_bits, levels;
};

static const struct form forms[] = {
	{&kd_arch_arm64_4k, 12, 39, 3},  {&kd_arch_arm64_4k, 12, 48, 4},
	{&kd_arch_arm64_4k, 12, 52, 5},  {&kd_arch_arm64_16k, 14, 36, 2},
	{&kd_arch_arm64_16k, 14, 47, 3}, {&kd_arch_arm64_16k, 14, 48, 4},
	{&kd_arch_arm64_16k, 14, 52, 4}, {&kd_arch_arm64_64k, 16, 42, 2},
	{&kd_arch_arm64_64k, 16, 48, 3}, {&kd_arch_arm64_64k, 16, 52, 3},
};

enum { FORMS = sizeof(forms) / sizeof(*forms) };

/*
 * Where every attribute is set that an entry can have beside its address and its type, the reserved bits with
 * them: AttrIndx, NS, AP, AF, nG, GP, DBM, Contiguous, PXN, UXN, software, PXNTable and the rest.
 */
#define ATTRIBUTES UINT64_C(0xfffc000000000cfc)
/* SH, or bits 51 and 50 of the address with LPA2 */
#define SHARED UINT64_C(0x300)

/* What Linux writes for an address: the high bits go down, by 36 or by 42. */
static uint64_t encode(const struct form *form, uint64_t paddr)
{
	if (form->page_shift == 16)
		return (paddr & UINT64_C(0xffffffff0000)) | paddr >> 48 << 12 | ATTRIBUTES | SHARED;
	if (form->va_bits == 52)
		return (paddr & UINT64_C(0x3ffffffffffff)) | paddr >> 50 << 8 | ATTRIBUTES;
	return paddr | ATTRIBUTES | SHARED;
}

/* Physical addresses with the highest bit of the form in them, so that every table's entry shows it. */
static uint64_t high(const struct form *form)
{
	return form->page_shift == 16 || form->va_bits == 52 ? UINT64_C(0xa5) << 44
							     : UINT64_C(0xa5) << 40;
}

static uint64_t table_of(const struct form *form, unsigned int level)
{
	return high(form) + ((uint64_t)(level + 1) << form->page_shift);
}

static uint64_t entry_paddr(const struct form *form, unsigned int level, uint64_t vaddr)
{
	unsigned int bits = form->page_shift - 3, shift = form->page_shift + bits * (level - 1);
	unsigned int own = level == form->levels ? form->va_bits - shift : bits;

	return table_of(form, level) + (vaddr >> shift) % (UINT64_C(1) << own) * 8;
}

/* Tables on the way to vaddr, down to an entry of that level, which is `entry`. */
static struct kd_walk make(struct memory *memory, const struct form *form, uint64_t vaddr,
			   unsigned int last, uint64_t entry)
{
	struct kd_walk walk = walk_over(memory, table_of(form, form->levels), form->levels,
					form->va_bits, UINT32_C(1) << form->page_shift);

	for (unsigned int level = form->levels; level > last; level--)
		poke(memory, entry_paddr(form, level, vaddr),
		     encode(form, table_of(form, level - 1)) | 3, 8);
	poke(memory, entry_paddr(form, last, vaddr), entry, 8);
	return walk;
}

/* An address whose every index differs, with `into` bytes of its page. */
static uint64_t address(const struct form *form, uint64_t into)
{
	uint64_t mask = (UINT64_C(1) << form->va_bits) - (UINT64_C(1) << form->page_shift);

	return ~((UINT64_C(1) << form->va_bits) - 1) | (UINT64_C(0x3a5c96e1d278b4f0) & mask) | into;
}

static void arm64_pages(void **state)
{
	for (size_t i = 0; i < FORMS; i++) {
		const struct form *form = &forms[i];
		uint64_t vaddr = address(form, 0x678), page_bytes = UINT64_C(1) << form->page_shift;
		uint64_t page = high(form) + 0x5a * page_bytes;
		struct memory memory;
		struct kd_walk walk = make(&memory, form, vaddr, 1, encode(form, page) | 3);

		maps(form->arch, &walk, vaddr, page + 0x678, page_bytes - 0x678);
		assert_int_equal(memory.reads, form->levels);
		/* the first and the last page of the space, whose indices are all 0 and all 1 */
		vaddr = ~((UINT64_C(1) << form->va_bits) - 1);
		walk = make(&memory, form, vaddr, 1, encode(form, page) | 3);
		maps(form->arch, &walk, vaddr, page, page_bytes);
		walk = make(&memory, form, UINT64_MAX, 1, encode(form, page) | 3);
		maps(form->arch, &walk, UINT64_MAX, page + page_bytes - 1, 1);
	}
}

/* What may be a block and how large, and what Linux never writes. */
static void arm64_blocks(void **state)
{
	for (size_t i = 0; i < FORMS; i++)
		for (unsigned int level = 1; level <= forms[i].levels; level++) {
			const struct form *form = &forms[i];
			unsigned int bits = form->page_shift - 3;
			uint64_t bytes = UINT64_C(1) << (form->page_shift + bits * (level - 1));
			uint64_t block = (high(form) | UINT64_C(0x7b) << 40) & ~(bytes - 1);
			uint64_t vaddr = address(form, 0x678), entry = encode(form, block) | 1;
			struct memory memory;
			/* nT and what is reserved below the address of a block stay out of it */
			struct kd_walk walk = make(&memory, form, vaddr, level,
						   level == 2 ? entry | 1 << 16 : entry);

			if (level == 2 || (level == 3 && form->page_shift == 12))
				maps(form->arch, &walk, vaddr, block | (vaddr & (bytes - 1)),
				     bytes - (vaddr & (bytes - 1)));
			else
				fails(form->arch, &walk, vaddr, KD_CORRUPT, "no entry");
		}
}

/* Bits of the address field that are reserved in one form and address in another. */
static void arm64_reserved_bits(void **state)
{
	for (size_t i = 0; i < FORMS; i++) {
		const struct form *form = &forms[i];
		uint64_t vaddr = address(form, 0), page_bytes = UINT64_C(1) << form->page_shift;
		bool lpa2 = form->page_shift < 16 && form->va_bits == 52;
		uint64_t reserved = lpa2 ? 0 : UINT64_C(3) << 48;
		struct memory memory;
		struct kd_walk walk;

		if (form->page_shift == 14)
			reserved |= 3 << 12;
		walk = make(&memory, form, vaddr, 1, 0x123 * page_bytes | reserved | 3);
		maps(form->arch, &walk, vaddr, 0x123 * page_bytes, page_bytes);
		/* bits 9 and 8 */
		walk = make(&memory, form, vaddr, 1, 0x123 * page_bytes | SHARED | 3);
		maps(form->arch, &walk, vaddr, 0x123 * page_bytes | (lpa2 ? UINT64_C(3) << 50 : 0),
		     page_bytes);
		/* bits 15 to 12 */
		walk = make(&memory, form, vaddr, 1, UINT64_C(0x1230000f003));
		maps(form->arch, &walk, vaddr,
		     form->page_shift == 16   ? UINT64_C(0xf012300000000)
		     : form->page_shift == 14 ? UINT64_C(0x1230000c000)
					      : UINT64_C(0x1230000f000),
		     page_bytes);
	}
}

static void arm64_unmapped(void **state)
{
	for (size_t i = 0; i < FORMS; i++)
		for (unsigned int level = 1; level <= forms[i].levels; level++) {
			const struct form *form = &forms[i];
			uint64_t vaddr = address(form, 0x678);
			char where[] = "level 0";
			struct memory memory;
			struct kd_walk walk = make(&memory, form, vaddr, level, 0);

			where[6] = (char)('0' + level);
			fails(form->arch, &walk, vaddr, KD_FAULT, where);
			/* invalid, whatever the rest says: PROT_NONE, or swapped out */
			walk = make(&memory, form, vaddr, level, ~UINT64_C(1));
			fails(form->arch, &walk, vaddr, KD_FAULT, where);
			/* a table in a hole */
			memory.hole = entry_paddr(form, level, vaddr);
			fails(form->arch, &walk, vaddr, KD_HOLE, where);
		}
}

static void arm64_range(void **state)
{
	for (size_t i = 0; i < FORMS; i++) {
		const struct form *form = &forms[i];
		uint64_t vaddr = address(form, 0);
		struct memory memory;
		struct kd_walk walk = make(&memory, form, vaddr, 1, encode(form, 0) | 3);

		for (unsigned int bit = form->va_bits; bit < 64; bit++)
			fails(form->arch, &walk, vaddr & ~(UINT64_C(1) << bit), KD_FAULT, "bits");
		fails(form->arch, &walk, 0, KD_FAULT, "bits");
		fails(form->arch, &walk, vaddr << (64 - form->va_bits) >> (64 - form->va_bits),
		      KD_FAULT, "bits");
		assert_int_equal(memory.reads, 0);
	}
}

/* Of all numbers only those make tables whose levels are as many as the address needs. */
static void arm64_geometry(void **state)
{
	struct kd_err err;
	unsigned int taken = 0;

	for (unsigned int shift = 0; shift < 32; shift++)
		for (unsigned int levels = 0; levels < 8; levels++)
			for (unsigned int va_bits = 0; va_bits < 70; va_bits++) {
				struct memory memory;
				struct kd_walk walk = walk_over(&memory, 0x10000, levels, va_bits,
								UINT32_C(1) << shift);
				uint64_t paddr, left;
				enum kd_status status = kd_arch_arm64_4k.translate(
					&walk, UINT64_MAX, &paddr, &left, &err);
				bool known = shift == 12 || shift == 14 || shift == 16;

				/* ARM64_HW_PGTABLE_LEVELS */
				known = known && va_bits > shift && va_bits <= 52 &&
					levels == (va_bits - 4) / (shift - 3);
				assert_int_equal(status, known ? KD_FAULT : KD_UNSUPPORTED);
				taken += known;
			}
	assert_int_equal(taken, 40 + 38 + 36);
	for (uint32_t page_bytes = 0; page_bytes < 0x20000; page_bytes += 0x800) {
		struct memory memory;
		struct kd_walk walk = walk_over(&memory, 0x10000, 3, 48, page_bytes);

		if (page_bytes != 0x10000)
			fails(&kd_arch_arm64_64k, &walk, UINT64_MAX, KD_UNSUPPORTED, "arm64");
	}
}

/* The table of architectures */

static void rows_are_found(void **state)
{
	static const struct {
		const char *name;
		const struct kd_arch *arch;
	} names[] = {
		{"x86_64", &kd_arch_x86_64},
		{"i386", &kd_arch_i386},
		{"i486", &kd_arch_i386},
		{"i586", &kd_arch_i386},
		{"i686", &kd_arch_i386},
		{"aarch64", &kd_arch_arm64_4k},
		{"i286", NULL},
		{"i786", NULL},
		{"i6860", NULL},
		{"i68", NULL},
		{"", NULL},
		{"aarch64_be", NULL},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_ptr_equal(kd_arch_named(names[i].name), names[i].arch);
	assert_ptr_equal(kd_arch_find(62), &kd_arch_x86_64);
	assert_ptr_equal(kd_arch_find(3), &kd_arch_i386);
	assert_ptr_equal(kd_arch_find(183), &kd_arch_arm64_4k);
	assert_null(kd_arch_find(0));
	for (uint64_t bytes = 1; bytes; bytes <<= 1) {
		assert_ptr_equal(kd_arch_paged(&kd_arch_x86_64, bytes),
				 bytes == 4096 ? &kd_arch_x86_64 : NULL);
		assert_ptr_equal(kd_arch_paged(&kd_arch_i386, bytes),
				 bytes == 4096 ? &kd_arch_i386 : NULL);
		assert_ptr_equal(kd_arch_paged(&kd_arch_arm64_16k, bytes),
				 bytes == 4096    ? &kd_arch_arm64_4k
				 : bytes == 16384 ? &kd_arch_arm64_16k
				 : bytes == 65536 ? &kd_arch_arm64_64k
						  : NULL);
	}
}

/* struct elf_prstatus of each, as the compiler of that machine lays it out: 32 and 64 bits. */
static void registers_lie_in_the_note(void **state)
{
	static const struct {
		const struct kd_arch *arch;
		unsigned int word, count;
		const char *pc, *sp;
	} rows[] = {
		{&kd_arch_x86_64, 8, 27, "rip", "rsp"},  {&kd_arch_i386, 4, 17, "eip", "esp"},
		{&kd_arch_arm64_4k, 8, 34, "pc", "sp"},  {&kd_arch_arm64_16k, 8, 34, "pc", "sp"},
		{&kd_arch_arm64_64k, 8, 34, "pc", "sp"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct kd_arch *arch = rows[i].arch;
		unsigned int word = rows[i].word, at;

		at = 12 + 4 + 2 * word; /* pr_info, pr_cursig, pr_sigpend, pr_sighold */
		assert_int_equal(arch->prstatus_pid_offset, at);
		at += 4 * 4 + 4 * 2 * word; /* four identities, four times */
		assert_int_equal(arch->prstatus_registers_offset, at);
		at += rows[i].count * word + word; /* pr_fpvalid, padded */
		assert_int_equal(arch->prstatus_bytes, at);
		assert_int_equal(arch->register_count, rows[i].count);
		assert_int_equal(arch->pointer_bytes, word);
		for (unsigned int r = 0; r < rows[i].count; r++) {
			assert_int_equal(arch->registers[r].offset, r * word);
			assert_int_equal(arch->registers[r].bytes, word);
		}
		assert_string_equal(arch->registers[arch->program_counter].name, rows[i].pc);
		assert_string_equal(arch->registers[arch->stack_pointer].name, rows[i].sp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i386_two_levels),
		cmocka_unit_test(i386_pae),
		cmocka_unit_test(i386_range),
		cmocka_unit_test(arm64_pages),
		cmocka_unit_test(arm64_blocks),
		cmocka_unit_test(arm64_reserved_bits),
		cmocka_unit_test(arm64_unmapped),
		cmocka_unit_test(arm64_range),
		cmocka_unit_test(arm64_geometry),
		cmocka_unit_test(rows_are_found),
		cmocka_unit_test(registers_lie_in_the_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
