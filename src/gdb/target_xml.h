/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of x86_64 as gdb numbers them, and the description of the target that tells gdb so (gdb's manual,
 * appendix "Target Descriptions", "i386 Features"; the order is that of gdb/features/i386/64bit-*.xml).
 *
 * gdb wants the floating point and vector registers to be there. No dump has them: they are never known.
 */
#ifndef KD_GDB_TARGET_XML_H
#define KD_GDB_TARGET_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kd_gdb_register {
	const char *feature; /* NULL: that of the register before it */
	const char
		*name; /* those that kernels save have the name that arch->registers gives them */
	uint16_t bits;
	const char *type, *group; /* NULL: gdb's choice */
};

enum { KD_GDB_REGISTERS = 64 };
/* By the number that gdb knows each by. */
extern const struct kd_gdb_register kd_gdb_registers[KD_GDB_REGISTERS];

struct kd_gdb_values {
	uint64_t value[KD_GDB_REGISTERS];
	bool known[KD_GDB_REGISTERS];
};

/* Sets a register by its name, if gdb knows one of that name. */
void kd_gdb_set(struct kd_gdb_values *values, const char *name, uint64_t value);

/* The description, allocated; NULL: no memory. */
char *kd_gdb_target_xml(void);

#endif
