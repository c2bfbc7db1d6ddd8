/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cores of machines of any size in small files: `count` ranges of `bytes` bytes, `stride` apart, all of them the same
 * bytes of the file.
 */
#ifndef KD_TESTS_UNIT_WIDE_FIXTURE_H
#define KD_TESTS_UNIT_WIDE_FIXTURE_H

#include <stdint.h>

#include "kernel/page_kind.h"

enum { WIDE_PAGE = 4096, WIDE_LEAST_BYTES = 16 << 20 };
#define WIDE_MOST_BYTES (UINT64_C(1) << 46)

/* Nothing tells what its pages are; word i of a range is i * 0x9e3779b97f4a7c15. */
void wide_core_write(const char *path, unsigned int count, uint64_t bytes, uint64_t stride);

/*
 * A kernel tells what its pages are: page tables, sections and struct pages are all there, as makedumpfile wants them,
 * too, and lie in the first range. They are found at as many virtual addresses as the memory needs and are the same
 * few MiB again and again. At least WIDE_LEAST_BYTES a range, WIDE_MOST_BYTES altogether.
 */
void wide_machine_write(const char *path, unsigned int count, uint64_t bytes, uint64_t stride);
/* What a page of it is. */
enum kd_page_kind wide_machine_kind(uint64_t pfn);

#endif
