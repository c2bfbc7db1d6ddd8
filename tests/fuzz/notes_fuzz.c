/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notes of an ELF core: any bytes, or those of a whole one that the input is laid over. What is said to be in them lies in
 * them, and registers and VMCOREINFO are read out of what is left.
 */
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dump_fixture.h"
#include "kernel/kernel.h"
#include "kernel/panic.h"
#include "kernel/registers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 0x100000, CHANGE_BYTES = 3 };

static void make_notes(struct fixture *fixture)
{
	uint8_t qemu[440] = {1};

	fixture_init(fixture, 4);
	fixture_memory(fixture, MEMORY, 4096, 4096);
	fixture_info(fixture, "OSRELEASE=6.1.0-made-up");
	fixture_info(fixture, "CRASHTIME=1700000000");
	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		fixture_cpu(fixture, cpu, FIXTURE_TEXT + cpu, FIXTURE_TEXT + 0x1000);
		fixture_note(fixture, "QEMU", 0, qemu, sizeof(qemu));
	}
	fixture_note(fixture, "OTHER", 7, "1234567", 7);
}

/* Places from the input, and what is XORed onto them; or all of them are the input. */
static void change(struct fixture *fixture, const uint8_t *data, size_t size)
{
	if (data[0] & 1) {
		fixture->note_bytes = size - 1;
		memcpy(fixture->notes, data + 1, size - 1);
		return;
	}
	for (size_t i = 1; i + CHANGE_BYTES <= size; i += CHANGE_BYTES)
		fixture->notes[(size_t)(data[i] | data[i + 1] << 8) % fixture->note_bytes] ^=
			data[i + 2];
	/* cut short, too */
	if (data[0] & 2)
		fixture->note_bytes -= data[0] * fixture->note_bytes / 512;
}

static void look(struct kd_dump *dump)
{
	struct kd_cpu_registers registers;
	struct kd_kernel *kernel;
	struct kd_panic panic;
	unsigned int sum = 0;
	size_t count;
	const struct kd_note *notes = kd_dump_notes(dump, &count);

	for (size_t i = 0; i < count; i++) {
		sum += (unsigned int)strlen(notes[i].name);
		for (size_t at = 0; at < notes[i].desc_bytes; at++)
			sum += ((const uint8_t *)notes[i].desc)[at];
	}
	for (unsigned int cpu = kd_registers_count(dump); cpu--;)
		if (!kd_registers_get(dump, cpu, &registers, NULL))
			sum += (unsigned int)kd_register_value(&registers,
							       registers.arch->stack_pointer);
	if (sum == UINT32_MAX)
		abort();
	if (kd_kernel_open(dump, &kernel, NULL))
		return;
	kd_panic_find(kernel, &panic, NULL);
	kd_kernel_close(kernel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t machines[] = {EM_X86_64, EM_AARCH64, EM_386};
	struct fixture fixture;
	struct kd_dump *dump;

	if (!size || size > FIXTURE_NOTE_BYTES / 2)
		return 0;
	make_notes(&fixture);
	fixture.machine = machines[data[0] / 4 % 3];
	fixture.is_32_bit = fixture.machine == EM_386;
	change(&fixture, data, size);
	fixture_build(&fixture);
	if (!kd_dump_open(fixture.path, NULL, &dump, NULL)) {
		look(dump);
		kd_dump_close(dump);
	}
	fixture_deinit(&fixture);
	return 0;
}
