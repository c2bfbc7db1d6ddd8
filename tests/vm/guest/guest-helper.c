/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marker pages: memory whose content is known and does not change until the panic.
 *
 *     guest-helper PAGES
 *     guest-helper spin
 *
 * Locks PAGES pages, fills each with a pattern of its own, prints one line "PADDR INDEX" a page and
 * then "ready", and sleeps. The pattern of page INDEX, in 64-bit little-endian words: word W is
 * 0x6b64756d70000000 ("kdump") + INDEX * 512 + W. Physical addresses are in
 * hexadecimal, from /proc/self/pagemap (Documentation/admin-guide/mm/pagemap.rst).
 *
 * `spin` fills registers with known values and jumps to itself for ever: registers R12 to R15 are
 * 0x6b64756d70726567 ("kdumpreg") + 12 to 15. It prints the address of its one instruction first.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES      4096UL
#define PAGE_WORDS      (PAGE_BYTES / sizeof(uint64_t))
#define PATTERN         0x6b64756d70000000ULL
#define PAGEMAP_PRESENT ((uint64_t)1 << 63)
#define PAGEMAP_PFN     (((uint64_t)1 << 55) - 1)

static int fail(const char *what)
{
	perror(what);
	return EXIT_FAILURE;
}

static int mark_pages(uint64_t pages)
{
	uint64_t *memory;
	int pagemap;

	memory = mmap(NULL, pages * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (memory == MAP_FAILED)
		return fail("mmap");
	/* Small pages, so that they lie scattered; locked, so that nothing moves them out. */
	madvise(memory, pages * PAGE_BYTES, MADV_NOHUGEPAGE);
	if (mlock(memory, pages * PAGE_BYTES))
		return fail("mlock");
	for (uint64_t word = 0; word < pages * PAGE_WORDS; word++)
		memory[word] = PATTERN + word;

	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pagemap < 0)
		return fail("/proc/self/pagemap");
	for (uint64_t index = 0; index < pages; index++) {
		uint64_t vaddr = (uint64_t)(uintptr_t)memory + index * PAGE_BYTES, entry;

		if (pread(pagemap, &entry, sizeof(entry),
			  (off_t)(vaddr / PAGE_BYTES * sizeof(entry))) != sizeof(entry))
			return fail("/proc/self/pagemap");
		if (!(entry & PAGEMAP_PRESENT) || !(entry & PAGEMAP_PFN)) {
			fputs("guest-helper: a page has no address: not root?\n", stderr);
			return EXIT_FAILURE;
		}
		printf("%" PRIx64 " %" PRIu64 "\n", (entry & PAGEMAP_PFN) * PAGE_BYTES, index);
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

#define REGISTER_VALUE(number) (0x6b64756d70726567ULL + (number))

static int spin(void)
{
	void *loop;

	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n1:\tjmp 1b\n2:" : "=r"(loop));
	printf("%p\n", loop);
	fflush(stdout);
	__asm__ volatile("movq %0, %%r12\n\t"
			 "movq %1, %%r13\n\t"
			 "movq %2, %%r14\n\t"
			 "movq %3, %%r15\n\t"
			 "jmp *%4"
			 :
			 : "r"(REGISTER_VALUE(12)), "r"(REGISTER_VALUE(13)),
			   "r"(REGISTER_VALUE(14)), "r"(REGISTER_VALUE(15)), "r"(loop)
			 : "r12", "r13", "r14", "r15", "memory");
	return EXIT_FAILURE; /* not reached */
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "spin"))
		return spin();
	return mark_pages(argc > 1 ? strtoull(argv[1], NULL, 0) : 64);
}
