/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i386: its dumps are opened and their physical memory is read; its page tables are not walked.
 * Registers: struct user_regs_struct, arch/x86/include/asm/user_32.h; struct elf_prstatus with words
 * of 32 bits, include/linux/elfcore.h.
 */
#include "arch/arch.h"

enum { PAGE_SHIFT = 12, EM_386 = 3 };

#define REGISTER(name, index)                                                                      \
	{                                                                                          \
		name, (index)*4, 4                                                                 \
	}

static const struct kd_register registers[] = {
	REGISTER("ebx", 0),  REGISTER("ecx", 1), REGISTER("edx", 2),     REGISTER("esi", 3),
	REGISTER("edi", 4),  REGISTER("ebp", 5), REGISTER("eax", 6),     REGISTER("ds", 7),
	REGISTER("es", 8),   REGISTER("fs", 9),  REGISTER("gs", 10),     REGISTER("orig_eax", 11),
	REGISTER("eip", 12), REGISTER("cs", 13), REGISTER("eflags", 14), REGISTER("esp", 15),
	REGISTER("ss", 16),
};

const struct kd_arch kd_arch_i386 = {
	.name = "i686",
	.elf_machine = EM_386,
	.page_bytes = 1 << PAGE_SHIFT,
	.text_vaddr = 0xc0000000, /* PAGE_OFFSET of the usual split, arch/x86/Kconfig */
	.prstatus_bytes = 144,
	.prstatus_pid_offset = 24,
	.prstatus_registers_offset = 72,
	.registers = registers,
	.register_count = sizeof(registers) / sizeof(*registers),
	.program_counter = 12,
	.stack_pointer = 15,
};
