/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Made-up dumps: an ELF core, of x86_64 unless said otherwise, put together in memory from a few calls, and
 * opened from there.
 *
 * Physical memory is what fixture_memory() adds. Page tables are made as fixture_map() needs them, from
 * FIXTURE_TABLES on; the kernel image lies at phys_base 0.
 */
#ifndef KD_TESTS_UNIT_DUMP_FIXTURE_H
#define KD_TESTS_UNIT_DUMP_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dump/dump.h"

enum {
	FIXTURE_SEGMENTS = 32,
	FIXTURE_TABLES = 0x10000,
	FIXTURE_TABLES_BYTES = 0x20000,
	FIXTURE_NOTE_BYTES = 16384,
};
#define FIXTURE_TEXT UINT64_C(0xffffffff80000000)

struct fixture {
	struct fixture_segment {
		uint64_t paddr, vaddr, memory_bytes, file_bytes;
		uint8_t *data;
	} segments[FIXTURE_SEGMENTS];
	size_t segment_count;
	uint8_t notes[FIXTURE_NOTE_BYTES];
	size_t note_bytes;
	char info[FIXTURE_NOTE_BYTES / 2];
	size_t info_bytes;
	uint64_t next_table;
	unsigned int levels;
	uint16_t machine; /* EM_… of the core; 0: x86_64 */
	bool is_32_bit;   /* an ELF32 core, always of i386 */
	int fd;           /* of the core, in memory */
	char path[64];    /* that opens it */
	size_t file_bytes;
};

/* With memory for page tables of 4 or 5 levels, and what VMCOREINFO says of them; 0: neither. */
void fixture_init(struct fixture *fixture, unsigned int levels);
void fixture_deinit(struct fixture *fixture);

/* RAM at paddr, zero, of which file_bytes go into the file. */
void fixture_memory(struct fixture *fixture, uint64_t paddr, uint64_t memory_bytes,
		    uint64_t file_bytes);
void fixture_poke(struct fixture *fixture, uint64_t paddr, const void *data, size_t bytes);
void fixture_poke_number(struct fixture *fixture, uint64_t paddr, uint64_t value, size_t bytes);

/* A line of VMCOREINFO. */
void fixture_info(struct fixture *fixture, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void fixture_note(struct fixture *fixture, const char *name, uint32_t type, const void *desc,
		  size_t bytes);
/* NT_PRSTATUS of the next CPU. */
void fixture_cpu(struct fixture *fixture, uint32_t pid, uint64_t rip, uint64_t rsp);

/* Maps one page of 1 << shift bytes: 12, 21 or 30. */
void fixture_map(struct fixture *fixture, uint64_t vaddr, uint64_t paddr, unsigned int shift);

/* Writes the core; fixture->path then opens it, as long as the fixture lives. */
void fixture_build(struct fixture *fixture);
/* Overwrites bytes of the built file. */
void fixture_patch(struct fixture *fixture, uint64_t offset, const void *data, size_t bytes);
uint8_t fixture_peek(const struct fixture *fixture, uint64_t offset);

#endif
