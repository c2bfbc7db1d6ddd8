/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fills a guest's memory with every kind of page that a dump's filter tells apart.
 *
 *     guest-fill MIB FOLDER TMPFS
 *
 * Uses about MIB MiB in all: anonymous memory (small pages, transparent huge pages, locked, shared, touched and
 * still zero), hugetlb pages as far as the kernel has any, page cache (files in FOLDER, clean and dirty), tmpfs
 * files (in TMPFS), and kernel memory: dentries and inodes, pipes and sockets with data in them. Contents are
 * noise, text and words with many zeros in turn. Prints "ready" and sleeps.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB  (UINT64_C(1) << 20)
#define PAGE UINT64_C(4096)
#define HUGE (2 * MIB)

static uint64_t random_state = 88172645463325252ULL;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void fill_page(uint8_t *page, uint64_t number)
{
	static const char *const words[] = {"inode ",  "page ",  "of ",   "the ",
					    "kernel ", "panic ", "lock ", "task\n"};
	uint64_t *at = (void *)page;

	switch (number % 8) {
	case 0: /* noise, as of compressed files and keys */
		for (uint64_t i = 0; i < PAGE / 8; i++)
			at[i] = next_random();
		break;
	case 1:
	case 2: /* text */
		for (uint64_t i = 0; i < PAGE;) {
			const char *word = words[next_random() % 8];

			for (; *word && i < PAGE; word++)
				page[i++] = (uint8_t)*word;
		}
		break;
	case 3: /* touched, and zero */
		memset(page, 0, PAGE);
		break;
	default: /* structures: pointers near each other, small numbers, zeros */
		for (uint64_t i = 0; i < PAGE / 8; i++)
			at[i] = i % 4 == 0   ? 0xffff888000000000 + (next_random() & 0xffffff8)
				: i % 4 == 1 ? next_random() & 0xff
					     : 0;
	}
}

static void fill(uint8_t *memory, uint64_t bytes)
{
	for (uint64_t at = 0; at < bytes; at += PAGE)
		fill_page(memory + at, at / PAGE);
}

static uint8_t *map(uint64_t bytes, int flags)
{
	uint8_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("guest-fill: mmap");
		return NULL;
	}
	return memory;
}

static void anonymous(uint64_t bytes, int advice, int lock)
{
	uint8_t *memory = map(bytes, MAP_PRIVATE);

	if (!memory)
		return;
	madvise(memory, bytes, advice);
	fill(memory, bytes);
	if (lock)
		mlock(memory, bytes);
}

static void shared(uint64_t bytes)
{
	uint8_t *memory = map(bytes, MAP_SHARED);

	if (memory)
		fill(memory, bytes);
}

/* As many as there are: they were taken from the rest when the kernel was told how many to keep. */
static void huge_pages(void)
{
	uint8_t *memory;
	int pages = 0;

	for (;; pages++) {
		memory = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		if (memory == MAP_FAILED)
			break;
		if (pages % 2 == 0) /* the other half stays in the pool's reservation, untouched */
			fill(memory, HUGE);
	}
	printf("%d huge pages\n", pages);
}

static void files(const char *folder, uint64_t bytes, int sync_half)
{
	static uint8_t page[PAGE] __attribute__((aligned(8)));
	const uint64_t file_bytes = 16 * MIB;
	char path[256];

	for (uint64_t done = 0, number = 0; done < bytes; done += file_bytes, number++) {
		int file;

		snprintf(path, sizeof(path), "%s/fill-%llu", folder, (unsigned long long)number);
		file = open(path, O_RDWR | O_CREAT, 0600);
		if (file < 0) {
			perror(path);
			return;
		}
		for (uint64_t at = 0; at < file_bytes; at += PAGE) {
			fill_page(page, at / PAGE);
			if (write(file, page, PAGE) != (ssize_t)PAGE) {
				perror(path);
				close(file);
				return;
			}
		}
		if (sync_half && number % 2 == 0)
			fsync(file);
		close(file);
	}
}

static void small_files(const char *folder, unsigned int count)
{
	char path[256];

	for (unsigned int i = 0; i < count; i++) {
		int file;

		snprintf(path, sizeof(path), "%s/small-%u", folder, i);
		file = open(path, O_WRONLY | O_CREAT, 0600);
		if (file < 0)
			return;
		close(file);
	}
}

static void queues(unsigned int count)
{
	static uint8_t data[PAGE] __attribute__((aligned(8)));

	for (unsigned int i = 0; i < count; i++) {
		int ends[2];

		fill_page(data, i);
		if (!pipe(ends)) {
			fcntl(ends[1], F_SETFL, O_NONBLOCK);
			while (write(ends[1], data, sizeof(data)) > 0)
				;
		}
		if (!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends))
			while (write(ends[0], data, sizeof(data)) > 0)
				;
	}
}

int main(int argc, char **argv)
{
	struct rlimit limit = {16384, 16384};
	uint64_t bytes;

	if (argc != 4) {
		fputs("usage: guest-fill MIB FOLDER TMPFS\n", stderr);
		return 2;
	}
	bytes = strtoull(argv[1], NULL, 0) * MIB;
	setrlimit(RLIMIT_NOFILE, &limit);
	huge_pages();
	files(argv[2], bytes * 30 / 100, 1);
	anonymous(bytes * 18 / 100, MADV_NOHUGEPAGE, 0);
	anonymous(bytes * 20 / 100, MADV_HUGEPAGE, 0);
	anonymous(bytes * 4 / 100, MADV_NOHUGEPAGE, 1);
	shared(bytes * 8 / 100);
	files(argv[3], bytes * 10 / 100, 0);
	small_files(argv[3], 20000);
	small_files(argv[2], 5000);
	queues(400);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
