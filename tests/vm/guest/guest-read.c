/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a file gives what it holds, each way of asking:
 *
 *     guest-read FILE MIB
 *
 * Reads MIB MiB from the largest segment of an ELF core, with read(2) and with mmap(2), in pieces of several sizes, and
 * prints a line for each: "read 4096 123.4" is MiB a second. A byte of each cache line is looked at, so that a
 * mapping costs what its use costs.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

enum { CACHE_LINE = 64, HEADERS = 64, MIB = 1 << 20 };

static const size_t pieces[] = {4096, 65536, 1 << 20, 4 << 20, 16 << 20};
static volatile uint64_t sum;

static int fail(const char *what)
{
	perror(what);
	return EXIT_FAILURE;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void look(const uint8_t *data, size_t bytes)
{
	uint64_t found = 0;

	for (size_t i = 0; i < bytes; i += CACHE_LINE)
		found += data[i];
	sum += found;
}

/* Offset and size of the largest PT_LOAD; false when it is no such file. */
static int find(int fd, off_t *offset, uint64_t *bytes)
{
	Elf64_Ehdr header;
	Elf64_Phdr segments[HEADERS];
	size_t count;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header))
		return 0;
	count = header.e_phnum < HEADERS ? header.e_phnum : HEADERS;
	if (pread(fd, segments, count * sizeof(*segments), (off_t)header.e_phoff) !=
	    (ssize_t)(count * sizeof(*segments)))
		return 0;
	*bytes = 0;
	for (size_t i = 0; i < count; i++)
		if (segments[i].p_type == PT_LOAD && segments[i].p_filesz > *bytes) {
			*bytes = segments[i].p_filesz;
			*offset = (off_t)(segments[i].p_offset + PAGE - 1) / PAGE * PAGE;
		}
	return *bytes > PAGE;
}

static int by_read(int fd, off_t offset, uint64_t bytes, size_t piece, uint8_t *buffer)
{
	for (uint64_t done = 0; done < bytes; done += piece) {
		if (pread(fd, buffer, piece, offset + (off_t)done) != (ssize_t)piece)
			return 0;
		look(buffer, piece);
	}
	return 1;
}

static int by_map(int fd, off_t offset, uint64_t bytes, size_t piece)
{
	for (uint64_t done = 0; done < bytes; done += piece) {
		void *data = mmap(NULL, piece, PROT_READ, MAP_PRIVATE, fd, offset + (off_t)done);

		if (data == MAP_FAILED)
			return 0;
		look(data, piece);
		munmap(data, piece);
	}
	return 1;
}

int main(int argc, char **argv)
{
	uint8_t *buffer = malloc(pieces[sizeof(pieces) / sizeof(*pieces) - 1]);
	uint64_t bytes, most;
	off_t offset = 0;
	int fd = argc == 3 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || !buffer)
		return fail("guest-read FILE MIB");
	if (!find(fd, &offset, &bytes))
		return fail(argv[1]);
	most = strtoull(argv[2], NULL, 10) * MIB;
	bytes = (bytes < most ? bytes : most) / (16 * MIB) * (16 * MIB);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++)
		for (int mapped = 0; mapped < 2; mapped++) {
			double start = now();

			if (!(mapped ? by_map(fd, offset, bytes, pieces[i])
				     : by_read(fd, offset, bytes, pieces[i], buffer)))
				return fail(mapped ? "mmap" : "read");
			printf("%s %zu %.1f\n", mapped ? "mmap" : "read", pieces[i],
			       (double)bytes / MIB / (now() - start));
			fflush(stdout);
		}
	return 0;
}
