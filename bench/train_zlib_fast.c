/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts literals, lengths and distances in the pages of a dump, for src/codec/zlib_fast_table.h:
 *
 *     kdump save -d 31 -f kdump -c none DUMP pages && train_zlib_fast pages >src/codec/zlib_fast_table.h
 *
 * Any file of pages does; zero pages are left out. Each count is at least 1: every symbol needs a code.
 */
#include <stdio.h>
#include <string.h>

#include <isa-l/igzip_lib.h>

enum { PAGE_BYTES = 4096 };

static void print(const char *name, const uint64_t *counts, int count)
{
	printf("static const uint64_t %s[%d] = {", name, count);
	for (int i = 0; i < count; i++)
		printf("%s%llu,", i % 8 ? " " : "\n\t", (unsigned long long)counts[i] + 1);
	puts("\n};");
}

int main(int argc, char **argv)
{
	static struct isal_huff_histogram histogram;
	static const uint8_t zeros[PAGE_BYTES];
	uint8_t page[PAGE_BYTES];
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;

	if (!file) {
		fputs("usage: train_zlib_fast FILE\n", stderr);
		return 2;
	}
	while (fread(page, sizeof(page), 1, file))
		if (memcmp(page, zeros, sizeof(page)))
			isal_update_histogram(page, sizeof(page), &histogram);
	fclose(file);
	puts("/* SPDX-License-Identifier: GPL-2.0-or-later */\n"
	     "/*\n"
	     " * How often each literal or length, and each distance (RFC 1951, 3.2.5), occurs in the pages of a\n"
	     " * kernel. Made by bench/train_zlib_fast.c.\n"
	     " */\n"
	     "#ifndef KD_CODEC_ZLIB_FAST_TABLE_H\n#define KD_CODEC_ZLIB_FAST_TABLE_H\n\n"
	     "#include <stdint.h>\n");
	print("kd_zlib_fast_literals", histogram.lit_len_histogram, ISAL_DEF_LIT_LEN_SYMBOLS);
	putchar('\n');
	print("kd_zlib_fast_distances", histogram.dist_histogram, ISAL_DEF_DIST_SYMBOLS);
	puts("\n#endif");
	return 0;
}
