/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up kernel whose memory was changed in places that the input tells: tables of symbols, types, unwind tables and
 * stacks. Whatever is found, it is found within bounds, and a walk ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/boot.h"
#include "inspect/trees.h"
#include "kernel/kallsyms.h"
#include "orc_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHANGE_BYTES = 6, CHANGES_MOST = 64 };

/* Each change: an offset of 4 bytes, and two bytes to put there. */
static void change(struct machine *machine, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + CHANGE_BYTES <= size && i < CHANGES_MOST * CHANGE_BYTES;
	     i += CHANGE_BYTES) {
		uint32_t at;

		memcpy(&at, data + i, sizeof(at));
		fixture_poke(&machine->fixture, MADE_RAM + at % (MADE_BYTES - 2), data + i + 4, 2);
	}
}

/* As a kernel before 6.0, which does not tell where its tables of symbols are: they are found by what they look like. */
static void hide_tables(struct fixture *fixture)
{
	for (char *at = fixture->info; (at = strstr(at, "SYMBOL(kallsyms_")); at++)
		*at = '?';
}

static bool take(void *opaque, uint64_t first, uint64_t last, uint64_t entry)
{
	if (first > last)
		abort();
	return true;
}

static void look(struct kd_system *system, const uint8_t *data, size_t size)
{
	static struct kd_stack stack;
	struct kd_symbols *symbols = kd_system_symbols(system);
	struct kd_unwind_start start = {.sp = MADE_VADDR(STACK),
					.bp = MADE_VADDR(STACK + 0x60),
					.task = MADE_VADDR(DATA),
					.interrupted = true};
	struct kd_orc_tables tables;
	struct kd_field field;
	char *text;

	for (size_t i = 0; i < kd_symbols_count(symbols); i++) {
		const struct kd_symbol *symbol = kd_symbols_get(symbols, i);

		if (strlen(kd_symbol_name(symbols, symbol)) > KD_SYMBOL_NAME_BYTES)
			abort();
		kd_symbols_at(symbols, symbol->vaddr);
	}
	kd_field_find(system, "outer.list[1].b", &field, NULL);
	kd_xarray_each(system, MADE_VADDR(DATA), take, NULL, NULL);
	kd_maple_each(system, MADE_VADDR(DATA), take, NULL, NULL);
	if (!kd_command_line_read(system, &text, NULL))
		free(text);
	if (kd_orc_init(&tables, system, NULL))
		return;
	for (unsigned int function = LEAF; function < ENTRIES; function++) {
		start.pc = code(function, size ? data[0] : 0);
		kd_unwind(&tables, &start, size > 1 && data[1] & 1, &stack);
		if (stack.count > KD_FRAMES_MOST)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine machine = {0};

	orc_machine_init(&machine, size > 1 && data[1] & 2 ? OLD : NEW);
	/* a stack that leads from function to function */
	for (unsigned int i = 0; i < 64; i++)
		fixture_poke_number(
			&machine.fixture, STACK + 8 * i,
			i % 2 ? code(i % (LAST + 1), 8) : MADE_VADDR(STACK + 8 * i + 64), 8);
	change(&machine, data, size);
	if (size > 1 && data[1] & 4)
		hide_tables(&machine.fixture);
	fixture_build(&machine.fixture);
	if (!kd_dump_open(machine.fixture.path, NULL, &machine.dump, NULL) &&
	    !kd_kernel_open(machine.dump, &machine.kernel, NULL) &&
	    !kd_system_open(machine.kernel, &machine.system, NULL))
		look(machine.system, data, size);
	close_machine(&machine);
	return 0;
}
