/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ELF core that a dump becomes, but for its pages: which program headers its runs of pages have, its notes, and
 * where everything stands. For the writer of cores and for those who show one that was never written (src/view).
 *
 *     ELF header, program headers, a section header for their count if there are more than 65534, notes, pages
 *
 * A run is pages that are kept and, behind them, RAM that is left out: one PT_LOAD, whose p_memsz reaches over the
 * latter, so that readers can tell RAM that was left out from what is no RAM (p_filesz < p_memsz, as makedumpfile -E
 * writes it). The kernel's image has PT_LOADs more, of the same bytes in the file, at its own virtual addresses.
 */
#ifndef KD_SAVE_ELF_CORE_H
#define KD_SAVE_ELF_CORE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dump/dump.h"
#include "kernel/kernel.h"

struct kd_elf_run {
	uint64_t first_pfn, kept_end; /* in the file: from here up to there */
	uint64_t ram_end;             /* RAM up to there */
	uint64_t rank;                /* kept pages before it */
};

/* Runs as they come out of pages in order of addresses; zero it to begin. */
struct kd_elf_runs {
	bool open;
	struct kd_elf_run run;
	uint64_t rank; /* kept pages so far */
};

typedef enum kd_status kd_elf_take_run(void *opaque, const struct kd_elf_run *run,
				       struct kd_err *err);
/* Adds pages of RAM that are all kept, or all left out; tells of the run that they end, if they end one. */
enum kd_status kd_elf_runs_add(struct kd_elf_runs *runs, uint64_t first_pfn, uint64_t pages,
			       bool kept, kd_elf_take_run *take, void *opaque, struct kd_err *err);
/* No more pages: tells of the last run. */
enum kd_status kd_elf_runs_end(struct kd_elf_runs *runs, kd_elf_take_run *take, void *opaque,
			       struct kd_err *err);

struct kd_elf_core {
	const struct kd_dump *dump; /* borrowed */
	uint64_t page_bytes;
	uint64_t direct_map; /* what a physical address has added, where no segment says */
	struct kd_segment
		image; /* of the kernel, as it is mapped, when the dump has no alias for it */
	uint8_t *notes;
	size_t note_bytes;
	bool incomplete; /* pages are not there that should be: the header says so; as the source does */
	/* by kd_elf_core_place(): bytes, in the file */
	uint64_t headers, notes_offset, data_offset;
};

/*
 * Makes the notes: the dump's; VMCOREINFO, where they lack it; and what was erased, a text (NULL: nothing). kernel is
 * NULL when it is not known. KD_NOMEM.
 */
enum kd_status kd_elf_core_init(struct kd_elf_core *core, const struct kd_dump *dump,
				struct kd_kernel *kernel, uint64_t page_bytes, const char *erased,
				size_t erased_bytes, struct kd_err *err);
void kd_elf_core_deinit(struct kd_elf_core *core);

typedef enum kd_status kd_elf_take_header(void *opaque, const Elf64_Phdr *header,
					  struct kd_err *err);
/* Tells of the program headers of a run, at least one. p_offset is right once the core is placed. */
enum kd_status kd_elf_core_loads(const struct kd_elf_core *core, const struct kd_elf_run *run,
				 kd_elf_take_header *take, void *opaque, struct kd_err *err);

/* Sets where everything is, for so many PT_LOADs. KD_UNSUPPORTED: more than ELF can count. */
enum kd_status kd_elf_core_place(struct kd_elf_core *core, uint64_t loads, struct kd_err *err);
/* What stands before the PT_LOADs: the ELF header and the header of the notes. */
struct kd_elf_first {
	Elf64_Ehdr elf;
	Elf64_Phdr note;
};
void kd_elf_core_first(const struct kd_elf_core *core, struct kd_elf_first *first);
/* Whether there is a section header, right before the notes, to tell the count of the others. */
bool kd_elf_core_section(const struct kd_elf_core *core, Elf64_Shdr *section);

#endif
