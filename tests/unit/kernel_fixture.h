/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up kernel: BTF that is put together type by type, and symbols in the tables of kallsyms. */
#ifndef KERNEL_FIXTURE_H
#define KERNEL_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dump_fixture.h"
#include "inspect/system.h"
#include "kernel/btf.h"

enum { BLOB_ROOM = 8192, BLOB_HEADER = 24 };

struct blob {
	uint8_t types[BLOB_ROOM];
	char strings[BLOB_ROOM];
	uint32_t type_bytes, string_bytes, string_base;
	uint8_t bytes[3 * BLOB_ROOM];
	size_t size;
};

/* An empty one; `base`, unless NULL, is what it is split from. */
void blob_init(struct blob *blob, const struct blob *base);
/* The offset of a string, which is added. */
uint32_t blob_text(struct blob *blob, const char *string);
void blob_word(struct blob *blob, uint32_t value);
/* The twelve bytes that each type begins with; what the kind has more follows by blob_word() and blob_member(). */
void blob_type(struct blob *blob, enum kd_btf_kind kind, const char *name, uint32_t count,
	       bool flag, uint32_t third);
void blob_member(struct blob *blob, const char *name, uint32_t type_id, uint32_t offset);
void blob_finish(struct blob *blob);

/*
 * Where the made-up kernel is, and what is where in it. All of it is mapped, page by page, from MADE_TEXT on.
 */
enum {
	MADE_RAM = 0x1000000,
	MADE_NAMES = MADE_RAM,
	MADE_COUNT = MADE_RAM + 0x1000,
	MADE_TOKENS = MADE_RAM + 0x2000,
	MADE_INDEX = MADE_RAM + 0x3000,
	MADE_OFFSETS = MADE_RAM + 0x4000,
	MADE_BASE = MADE_RAM + 0x5000,
	MADE_TYPES = MADE_RAM + 0x6000,
	MADE_FREE = MADE_RAM + 0xa000, /* from here on it is the test's */
	MADE_BYTES = 0x20000,
};
#define MADE_TEXT       (FIXTURE_TEXT + MADE_RAM)
#define MADE_VADDR(ram) (FIXTURE_TEXT + (ram))

struct made_symbol {
	const char *
		name; /* with its type in front: "Tschedule"; may hold the tokens \1 "st" and \2 "BTF" */
	int64_t offset; /* in the kernel; or, with MADE_PERCPU, an address of its own for the first */
	bool long_length; /* its length is written in two bytes, as of long names */
};

/* How the table of addresses is encoded; MADE_UNTOLD: and VMCOREINFO does not say where the tables are. */
enum made_addresses { MADE_RELATIVE, MADE_PERCPU, MADE_ABSOLUTE, MADE_UNTOLD };

/* Memory, page tables and VMCOREINFO of it, with its symbols and BTF; the caller pokes more, and builds. */
void made_kernel_init(struct fixture *fixture, const struct made_symbol *symbols, size_t count,
		      enum made_addresses addresses, const struct blob *types);

/* A made-up kernel, opened. */
struct machine {
	struct fixture fixture;
	struct kd_dump *dump;
	struct kd_kernel *kernel;
	struct kd_system *system;
};

/* Builds the core of the fixture, which is made, and opens it and the system in it; fails the test when that fails. */
void open_machine(struct machine *machine);
void close_machine(struct machine *machine);

#endif
