/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/registers.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"

static bool is_prstatus(const struct kd_note *note)
{
	return note->type == NT_PRSTATUS && !strcmp(note->name, "CORE");
}

unsigned int kd_registers_count(const struct kd_dump *dump)
{
	size_t count;
	const struct kd_note *notes = kd_dump_notes(dump, &count);
	unsigned int cpus = 0;

	if (!kd_dump_arch(dump)->registers)
		return 0;
	for (size_t i = 0; i < count; i++)
		cpus += is_prstatus(&notes[i]);
	return cpus;
}

enum kd_status kd_registers_get(const struct kd_dump *dump, unsigned int cpu,
				struct kd_cpu_registers *registers, struct kd_err *err)
{
	const struct kd_arch *arch = kd_dump_arch(dump);
	size_t count;
	const struct kd_note *note = kd_dump_notes(dump, &count);
	const struct kd_note *end = note + count;
	unsigned int left = cpu;
	struct kd_bytes reader;

	if (cpu >= kd_registers_count(dump))
		return kd_fail(err, KD_NOTFOUND, "CPU %u left no registers", cpu);
	for (; note < end; note++)
		if (is_prstatus(note) && !left--)
			break;
	if (note->desc_bytes < arch->prstatus_bytes)
		return kd_fail(err, KD_CORRUPT, "registers of CPU %u: a note of %zu bytes, not %zu",
			       cpu, note->desc_bytes, arch->prstatus_bytes);
	reader = kd_bytes(note->desc, note->desc_bytes);
	kd_bytes_seek(&reader, arch->prstatus_pid_offset);
	*registers = (struct kd_cpu_registers){
		.cpu = cpu,
		.pid = kd_bytes_u32(&reader),
		.arch = arch,
		.set = (const uint8_t *)note->desc + arch->prstatus_registers_offset,
	};
	return KD_OK;
}

uint64_t kd_register_value(const struct kd_cpu_registers *registers, size_t index)
{
	const struct kd_register *reg = &registers->arch->registers[index];
	struct kd_bytes reader = kd_bytes(registers->set + reg->offset, reg->bytes);

	return reg->bytes == 4 ? kd_bytes_u32(&reader) : kd_bytes_u64(&reader);
}
