/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gdb/target_xml.h"

#include <stdio.h>
#include <string.h>

#define FLOAT(name)                                                                                \
	{                                                                                          \
		NULL, name, 80, "i387_ext", "float"                                                \
	}
#define CONTROL(name)                                                                              \
	{                                                                                          \
		NULL, name, 32, "int", "float"                                                     \
	}
#define VECTOR(name)                                                                               \
	{                                                                                          \
		NULL, name, 128, "vec128", NULL                                                    \
	}

/* clang-format off */
const struct kd_gdb_register kd_gdb_registers[KD_GDB_REGISTERS] = {
	{"org.gnu.gdb.i386.core", "rax", 64, "int64", NULL},
	{NULL, "rbx", 64, "int64", NULL},
	{NULL, "rcx", 64, "int64", NULL},
	{NULL, "rdx", 64, "int64", NULL},
	{NULL, "rsi", 64, "int64", NULL},
	{NULL, "rdi", 64, "int64", NULL},
	{NULL, "rbp", 64, "data_ptr", NULL},
	{NULL, "rsp", 64, "data_ptr", NULL},
	{NULL, "r8", 64, "int64", NULL},
	{NULL, "r9", 64, "int64", NULL},
	{NULL, "r10", 64, "int64", NULL},
	{NULL, "r11", 64, "int64", NULL},
	{NULL, "r12", 64, "int64", NULL},
	{NULL, "r13", 64, "int64", NULL},
	{NULL, "r14", 64, "int64", NULL},
	{NULL, "r15", 64, "int64", NULL},
	{NULL, "rip", 64, "code_ptr", NULL},
	{NULL, "eflags", 32, "i386_eflags", NULL},
	{NULL, "cs", 32, "int32", NULL},
	{NULL, "ss", 32, "int32", NULL},
	{NULL, "ds", 32, "int32", NULL},
	{NULL, "es", 32, "int32", NULL},
	{NULL, "fs", 32, "int32", NULL},
	{NULL, "gs", 32, "int32", NULL},
	FLOAT("st0"), FLOAT("st1"), FLOAT("st2"), FLOAT("st3"),
	FLOAT("st4"), FLOAT("st5"), FLOAT("st6"), FLOAT("st7"),
	CONTROL("fctrl"), CONTROL("fstat"), CONTROL("ftag"), CONTROL("fiseg"),
	CONTROL("fioff"), CONTROL("foseg"), CONTROL("fooff"), CONTROL("fop"),
	{"org.gnu.gdb.i386.sse", "xmm0", 128, "vec128", NULL},
	VECTOR("xmm1"), VECTOR("xmm2"), VECTOR("xmm3"), VECTOR("xmm4"), VECTOR("xmm5"),
	VECTOR("xmm6"), VECTOR("xmm7"), VECTOR("xmm8"), VECTOR("xmm9"), VECTOR("xmm10"),
	VECTOR("xmm11"), VECTOR("xmm12"), VECTOR("xmm13"), VECTOR("xmm14"), VECTOR("xmm15"),
	{NULL, "mxcsr", 32, "i386_mxcsr", "vector"},
	{"org.gnu.gdb.i386.linux", "orig_rax", 64, "int", NULL},
	{"org.gnu.gdb.i386.segments", "fs_base", 64, "int", NULL},
	{NULL, "gs_base", 64, "int", NULL},
	/* ours: what QEMU writes of each CPU */
	{"kdump.x86_64.control", "cr0", 64, "uint64", "system"},
	{NULL, "cr2", 64, "uint64", "system"},
	{NULL, "cr3", 64, "uint64", "system"},
	{NULL, "cr4", 64, "uint64", "system"},
};

/* What the types above are, for the features that do not know them by themselves. */
static const struct {
	const char *feature, *types;
} types_of[] = {
	{"org.gnu.gdb.i386.core",
	 "<flags id=\"i386_eflags\" size=\"4\">"
	 "<field name=\"CF\" start=\"0\" end=\"0\"/><field name=\"\" start=\"1\" end=\"1\"/>"
	 "<field name=\"PF\" start=\"2\" end=\"2\"/><field name=\"AF\" start=\"4\" end=\"4\"/>"
	 "<field name=\"ZF\" start=\"6\" end=\"6\"/><field name=\"SF\" start=\"7\" end=\"7\"/>"
	 "<field name=\"TF\" start=\"8\" end=\"8\"/><field name=\"IF\" start=\"9\" end=\"9\"/>"
	 "<field name=\"DF\" start=\"10\" end=\"10\"/><field name=\"OF\" start=\"11\" end=\"11\"/>"
	 "<field name=\"NT\" start=\"14\" end=\"14\"/><field name=\"RF\" start=\"16\" end=\"16\"/>"
	 "<field name=\"VM\" start=\"17\" end=\"17\"/><field name=\"AC\" start=\"18\" end=\"18\"/>"
	 "<field name=\"VIF\" start=\"19\" end=\"19\"/><field name=\"VIP\" start=\"20\" end=\"20\"/>"
	 "<field name=\"ID\" start=\"21\" end=\"21\"/></flags>\n"},
	{"org.gnu.gdb.i386.sse",
	 "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
	 "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
	 "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
	 "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
	 "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
	 "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
	 "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
	 "<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
	 "<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
	 "<field name=\"v2_int64\" type=\"v2i64\"/><field name=\"uint128\" type=\"uint128\"/>"
	 "</union><flags id=\"i386_mxcsr\" size=\"4\">"
	 "<field name=\"IE\" start=\"0\" end=\"0\"/></flags>\n"},
};
/* clang-format on */

void kd_gdb_set(struct kd_gdb_values *values, const char *name, uint64_t value)
{
	for (size_t i = 0; i < KD_GDB_REGISTERS; i++)
		if (!strcmp(kd_gdb_registers[i].name, name)) {
			values->value[i] = value;
			values->known[i] = true;
		}
}

static void begin_feature(FILE *out, const char *feature, bool first)
{
	fprintf(out, "%s<feature name=\"%s\">\n", first ? "" : "</feature>\n", feature);
	for (size_t i = 0; i < sizeof(types_of) / sizeof(*types_of); i++)
		if (!strcmp(types_of[i].feature, feature))
			fputs(types_of[i].types, out);
}

char *kd_gdb_target_xml(void)
{
	char *xml = NULL;
	size_t bytes;
	FILE *out = open_memstream(&xml, &bytes);

	if (!out)
		return NULL;
	fputs("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target>\n"
	      /* a kernel has no libraries, signal frames or system calls of its own for gdb to look for */
	      "<architecture>i386:x86-64</architecture>\n<osabi>none</osabi>\n",
	      out);
	for (size_t i = 0; i < KD_GDB_REGISTERS; i++) {
		const struct kd_gdb_register *reg = &kd_gdb_registers[i];

		if (reg->feature)
			begin_feature(out, reg->feature, !i);
		fprintf(out, "<reg name=\"%s\" bitsize=\"%u\" regnum=\"%zu\"", reg->name, reg->bits,
			i);
		if (reg->type)
			fprintf(out, " type=\"%s\"", reg->type);
		if (reg->group)
			fprintf(out, " group=\"%s\"", reg->group);
		fputs("/>\n", out);
	}
	fputs("</feature>\n</target>\n", out);
	return fclose(out) ? NULL : xml;
}
