/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * made_machine GIB PATH: writes the core of a made-up machine of so much memory, for script/bench --scaling. The file
 * takes little room: its memory is the same 64 GiB again and again, and most of them holes.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "wide_fixture.h"

int main(int argc, char **argv)
{
	uint64_t gib = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;
	uint64_t piece = gib < 64 ? gib : 64;

	if (!gib || gib > WIDE_MOST_BYTES >> 30 || gib % piece) {
		fprintf(stderr, "made_machine GIB PATH: up to 64, or a multiple of it\n");
		return 2;
	}
	wide_machine_write(argv[2], (unsigned int)(gib / piece), piece << 30, piece << 30);
	return 0;
}
