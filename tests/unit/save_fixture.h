/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of src/save have in common: a dump to save, files to save it to, and comparisons. */
#ifndef KD_TESTS_UNIT_SAVE_FIXTURE_H
#define KD_TESTS_UNIT_SAVE_FIXTURE_H

#include "codec/codec.h"
#include "dump/dump.h"
#include "dump_fixture.h"
#include "kernel/kernel.h"
#include "save/save.h"

enum { PAGE = 4096, RAM = 0x1000000, RAM_BYTES = 6 << 20, LOW = 0x100000, LOW_BYTES = 0x9c00 };

struct world {
	struct fixture fixture;
	char folder
		[64]; /* in memory: hundreds of dumps are synced, and a disk has nothing to tell of them */
	char path[96], other[96];
	struct kd_dump *dump;
	struct kd_kernel *kernel;
};

/* Opens what the fixture built, and makes the folder. */
void world_open(struct world *world, const struct kd_dump_options *how);
void world_close(struct world *world);

/* For cmocka: a world of pages of several kinds of content. */
int set_up(void **state);
int tear_down(void **state);
/* Pages of noise, text, zeros, and words among zeros in turn. */
void fill_page(struct fixture *fixture, uint64_t paddr, unsigned int number);

/* Level 1. */
struct kd_save_options options_for(enum kd_save_format format, const struct kd_codec *codec,
				   unsigned int workers);
enum kd_status save_to(struct kd_dump *dump, struct kd_kernel *kernel, const char *path,
		       uint64_t limit_bytes, bool flattened, const struct kd_save_options *options,
		       struct kd_save_result *result, struct kd_err *err);

/*
 * Compares every page of two dumps of set_up()'s world. Where `partial`, pages may be missing in the second; else both
 * have the same. Returns how many pieces were equal.
 */
unsigned int compare(struct kd_dump *source, struct kd_dump *saved, bool partial);
void assert_same_bytes(const char *a, const char *b);

#endif
