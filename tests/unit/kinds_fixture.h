/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up dump whose pages can be told apart: kinds in turn, all over four windows and more. */
#ifndef KD_TESTS_UNIT_KINDS_FIXTURE_H
#define KD_TESTS_UNIT_KINDS_FIXTURE_H

#include "dump_fixture.h"
#include "kernel/page_kind.h"

enum {
	KINDS_PAGE = 4096,
	KINDS_STRUCT = 64,
	KINDS_RAM = 0x8000000, /* the second section of 128 MiB */
	KINDS_PAGES = 1024,
	KINDS_STORE = KINDS_RAM + KINDS_PAGES * KINDS_PAGE, /* the struct pages */
	KINDS_STORE_PAGES = 64,
	/* pages of both, each with a struct page */
	KINDS_ALL = KINDS_PAGES + KINDS_STORE_PAGES,
};

/* Initializes, fills and builds a fixture. */
void kinds_fixture_init(struct fixture *fixture);
/* What page number i, of KINDS_ALL, is. */
enum kd_page_kind kinds_fixture_kind(unsigned int page);

#endif
