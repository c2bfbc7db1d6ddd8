/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbols of modules join those of the kernel, wherever their memory lies. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "inspect/symbols.h"
#include "kernel_fixture.h"

#define ABOVE (MADE_TEXT + 0x1000000)
#define BELOW (MADE_TEXT - 0x1000000)

static void setup(struct machine *machine)
{
	static const struct made_symbol symbols[] = {
		{"T_\1ext", 0x40, false},     {"D__\1art_\2", MADE_TYPES - MADE_RAM, false},
		{"Tschedule", 0x9000, false}, {"D__\1op_\2", MADE_FREE - MADE_RAM, false},
		{"Tshared", 0x18000, false},  {"Tpanic", 0x19000, false},
		{"B_end", MADE_BYTES, false},
	};
	struct blob types;

	blob_init(&types, NULL);
	blob_finish(&types);
	made_kernel_init(&machine->fixture, symbols, sizeof(symbols) / sizeof(*symbols),
			 MADE_RELATIVE, &types);
	open_machine(machine);
}

static void add(struct kd_symbols *symbols, uint64_t vaddr, unsigned int module, const char *name)
{
	assert_int_equal(kd_symbols_add(symbols, vaddr, 't', module, name, NULL), KD_OK);
}

/* In order of their addresses; each found at its address, and by its name, of which the kernel's own comes first. */
static void check(const struct kd_symbols *symbols, size_t count)
{
	assert_int_equal(kd_symbols_count(symbols), count);
	for (size_t rank = 0; rank < count; rank++) {
		const struct kd_symbol *symbol = kd_symbols_get(symbols, rank), *found;
		const char *name = kd_symbol_name(symbols, symbol);

		if (rank)
			assert_true(symbol[-1].vaddr <= symbol->vaddr);
		found = kd_symbols_find(symbols, name, NULL);
		assert_non_null(found);
		if (!strcmp(name, "shared")) {
			assert_int_equal(found->module, KD_KERNEL_ITSELF);
			while (found && found != symbol)
				found = kd_symbols_find(symbols, name, found);
		}
		assert_ptr_equal(found, symbol);
		if (strcmp(name, "_end"))
			assert_ptr_equal(kd_symbols_at(symbols, symbol->vaddr + 1), symbol);
	}
	assert_null(kd_symbols_find(symbols, "absent", NULL));
}

static void test_modules_above_and_below(void **state)
{
	struct machine machine;
	struct kd_symbols *symbols;

	setup(&machine);
	symbols = kd_system_symbols(machine.system);
	check(symbols, 7);
	assert_int_equal(kd_symbols_add_range(symbols, ABOVE, 0x1000, 1, NULL), KD_OK);
	add(symbols, ABOVE + 0x80, 1, "shared");
	add(symbols, ABOVE, 1, "first");
	add(symbols, ABOVE + 0x40, 1, "second");
	assert_int_equal(kd_symbols_sort(symbols, NULL), KD_OK);
	check(symbols, 10);
	/* nothing new: nothing changes */
	assert_int_equal(kd_symbols_sort(symbols, NULL), KD_OK);
	check(symbols, 10);
	/* more of them than the table has room for */
	for (unsigned int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "many_%u", i);
		add(symbols, ABOVE + 0x100 + UINT64_C(8) * (i ^ 5), 1, name);
	}
	assert_int_equal(kd_symbols_sort(symbols, NULL), KD_OK);
	check(symbols, 110);
	/* and what changes the ranks of all */
	assert_int_equal(kd_symbols_add_range(symbols, BELOW, 0x1000, 2, NULL), KD_OK);
	add(symbols, BELOW + 0x40, 2, "lower_2");
	add(symbols, BELOW, 2, "lower_1");
	add(symbols, BELOW + 0x80, 2, "shared");
	assert_int_equal(kd_symbols_sort(symbols, NULL), KD_OK);
	check(symbols, 113);
	close_machine(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_modules_above_and_below)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
