/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/elf_core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/bytes.h"
#include "dump/elf_mark.h"
#include "host/system.h"
#include "kernel/mapping.h"

enum { NOTE_ALIGN = 4 };

enum kd_status kd_elf_runs_end(struct kd_elf_runs *runs, kd_elf_take_run *take, void *opaque,
			       struct kd_err *err)
{
	if (!runs->open)
		return KD_OK;
	runs->open = false;
	return take(opaque, &runs->run, err);
}

enum kd_status kd_elf_runs_add(struct kd_elf_runs *runs, uint64_t first_pfn, uint64_t pages,
			       bool kept, kd_elf_take_run *take, void *opaque, struct kd_err *err)
{
	struct kd_elf_run *run = &runs->run;
	bool follows = runs->open && run->ram_end == first_pfn;
	enum kd_status status = KD_OK;

	if (!follows || (kept && run->kept_end != run->ram_end)) {
		status = kd_elf_runs_end(runs, take, opaque, err);
		*run = (struct kd_elf_run){first_pfn, first_pfn, first_pfn, runs->rank};
		runs->open = true;
	}
	run->ram_end += pages;
	if (kept) {
		run->kept_end = run->ram_end;
		runs->rank += pages;
	}
	return status;
}

/* Cuts a range of whole pages to the RAM in it: segments may begin and end within a page. */
static void clip(const struct kd_elf_core *core, uint64_t *start, uint64_t *end)
{
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(core->dump, &count);
	size_t first = kd_segments_after(segments, count, *start);
	size_t last = kd_segments_after(segments, count, *end - 1);

	if (first < count && segments[first].paddr > *start && segments[first].paddr < *end)
		*start = segments[first].paddr;
	/* the one that holds the last byte; where there is none, the one before ends earlier */
	if ((last == count || segments[last].paddr >= *end) && last > first)
		*end = segments[last - 1].paddr + segments[last - 1].memory_bytes;
}

static uint64_t vaddr_of(const struct kd_elf_core *core, uint64_t paddr)
{
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(core->dump, &count);
	size_t found = kd_segments_after(segments, count, paddr);

	if (found < count && segments[found].vaddr && paddr >= segments[found].paddr)
		return segments[found].vaddr + (paddr - segments[found].paddr);
	return core->direct_map ? core->direct_map + paddr : 0;
}

/* The same pages at another virtual address: a PT_LOAD more, of the same bytes in the file. */
static enum kd_status add_alias(const struct kd_segment *alias, const Elf64_Phdr *load,
				kd_elf_take_header *take, void *opaque, struct kd_err *err)
{
	uint64_t start = load->p_paddr, end = load->p_paddr + load->p_filesz;
	uint64_t alias_end = alias->paddr + alias->memory_bytes;
	Elf64_Phdr header = *load;

	if (start < alias->paddr)
		start = alias->paddr;
	if (end > alias_end)
		end = alias_end;
	if (start >= end)
		return KD_OK;
	header.p_offset += start - load->p_paddr;
	header.p_paddr = start;
	header.p_vaddr = alias->vaddr + (start - alias->paddr);
	header.p_filesz = header.p_memsz = end - start;
	return take(opaque, &header, err);
}

enum kd_status kd_elf_core_loads(const struct kd_elf_core *core, const struct kd_elf_run *run,
				 kd_elf_take_header *take, void *opaque, struct kd_err *err)
{
	uint64_t start = run->first_pfn * core->page_bytes;
	uint64_t ram_end = run->ram_end * core->page_bytes;
	uint64_t kept_end = run->kept_end * core->page_bytes;
	Elf64_Phdr load = {.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X};
	const struct kd_segment *aliases;
	enum kd_status status;
	size_t count;

	clip(core, &start, &ram_end);
	if (kept_end > ram_end)
		kept_end = ram_end;
	if (kept_end < start)
		kept_end = start;
	load.p_paddr = start;
	load.p_vaddr = vaddr_of(core, start);
	load.p_memsz = ram_end - start;
	load.p_filesz = kept_end - start;
	load.p_offset = core->data_offset + run->rank * core->page_bytes + start % core->page_bytes;
	status = take(opaque, &load, err);
	aliases = kd_dump_aliases(core->dump, &count);
	for (size_t i = 0; !status && i < count; i++)
		status = add_alias(&aliases[i], &load, take, opaque, err);
	if (!status && !count)
		status = add_alias(&core->image, &load, take, opaque, err);
	return status;
}

/* Notes of our own go behind the source's. */
struct own_note {
	const char *name;
	const void *desc;
	size_t bytes;
};

static size_t note_bytes(const struct own_note *note)
{
	return sizeof(Elf64_Nhdr) + kd_round_up(strlen(note->name) + 1, NOTE_ALIGN) +
	       kd_round_up(note->bytes, NOTE_ALIGN);
}

static void put_note(const struct own_note *note, uint8_t *to)
{
	Elf64_Nhdr header = {.n_namesz = (uint32_t)strlen(note->name) + 1,
			     .n_descsz = (uint32_t)note->bytes};

	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), note->name, header.n_namesz);
	memcpy(to + sizeof(header) + kd_round_up(header.n_namesz, NOTE_ALIGN), note->desc,
	       note->bytes);
}

static bool is_within(const void *inner, const void *outer, size_t bytes)
{
	return (uintptr_t)inner >= (uintptr_t)outer && (uintptr_t)inner < (uintptr_t)outer + bytes;
}

/* All notes: the source's; VMCOREINFO, where they lack it; and what was erased. */
static enum kd_status make_notes(struct kd_elf_core *core, struct kd_kernel *kernel,
				 const char *erased_text, size_t erased_bytes, struct kd_err *err)
{
	const struct kd_dump_facts *facts = kd_dump_facts(core->dump);
	size_t count, bytes = 0, at;
	struct own_note info = {.name = "VMCOREINFO"}, erased = {.name = "ERASEINFO"};
	const void *notes = kd_dump_note_bytes(core->dump, &bytes);

	kd_dump_notes(core->dump, &count);
	info.desc = kernel ? kd_kernel_vmcoreinfo_text(kernel, &info.bytes)
			   : kd_dump_vmcoreinfo(core->dump, &info.bytes);
	if (count && info.desc && is_within(info.desc, notes, bytes))
		info.desc = NULL;
	erased.bytes = erased_bytes;
	/* all of it was erased before, and an ELF source has a note that says so */
	if (!count || facts->erased_bytes != erased.bytes ||
	    !is_within(facts->erased, notes, bytes))
		erased.desc = erased_text;
	if (!count)
		bytes = 0;
	at = (size_t)kd_round_up(bytes, NOTE_ALIGN);
	core->note_bytes =
		at + (info.desc ? note_bytes(&info) : 0) + (erased.desc ? note_bytes(&erased) : 0);
	if (!core->note_bytes)
		return KD_OK;
	core->notes = calloc(1, core->note_bytes);
	if (!core->notes)
		return kd_fail_errno(err, ENOMEM, "the notes");
	if (bytes)
		memcpy(core->notes, notes, bytes);
	if (info.desc) {
		put_note(&info, core->notes + at);
		at += note_bytes(&info);
	}
	if (erased.desc)
		put_note(&erased, core->notes + at);
	return KD_OK;
}

enum kd_status kd_elf_core_init(struct kd_elf_core *core, const struct kd_dump *dump,
				struct kd_kernel *kernel, uint64_t page_bytes, const char *erased,
				size_t erased_bytes, struct kd_err *err)
{
	*core = (struct kd_elf_core){.dump = dump, .page_bytes = page_bytes};
	core->incomplete = kd_dump_facts(dump)->incomplete || kd_dump_facts(dump)->absent ||
			   kd_dump_missing_bytes(dump);
	if (kernel) {
		kd_kernel_direct_map(kernel, &core->direct_map, NULL);
		kd_kernel_image(kernel, &core->image.vaddr, &core->image.paddr,
				&core->image.memory_bytes, NULL);
	}
	return make_notes(core, kernel, erased, erased_bytes, err);
}

void kd_elf_core_deinit(struct kd_elf_core *core)
{
	free(core->notes);
	core->notes = NULL;
}

enum kd_status kd_elf_core_place(struct kd_elf_core *core, uint64_t loads, struct kd_err *err)
{
	uint64_t count = loads + 1;

	if (count > UINT32_MAX)
		return kd_fail(err, KD_UNSUPPORTED, "%llu runs of pages: more than ELF can count",
			       (unsigned long long)count);
	core->headers = count;
	core->notes_offset = sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr) +
			     (count >= PN_XNUM ? sizeof(Elf64_Shdr) : 0);
	core->data_offset = kd_round_up(core->notes_offset + core->note_bytes, core->page_bytes);
	return KD_OK;
}

void kd_elf_core_first(const struct kd_elf_core *core, struct kd_elf_first *first)
{
	bool many = core->headers >= PN_XNUM;

	*first = (struct kd_elf_first){
		.elf =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					    ELFDATA2LSB, EV_CURRENT},
				.e_type = ET_CORE,
				.e_machine = kd_dump_arch(core->dump)->elf_machine,
				.e_version = EV_CURRENT,
				.e_phoff = sizeof(Elf64_Ehdr),
				.e_shoff = many ? core->notes_offset - sizeof(Elf64_Shdr) : 0,
				.e_ehsize = sizeof(Elf64_Ehdr),
				.e_phentsize = sizeof(Elf64_Phdr),
				.e_phnum = (uint16_t)(many ? PN_XNUM : core->headers),
				.e_shentsize = many ? sizeof(Elf64_Shdr) : 0,
				.e_shnum = many,
			},
		.note =
			{
				.p_type = PT_NOTE,
				.p_offset = core->notes_offset,
				.p_filesz = core->note_bytes,
				.p_memsz = core->note_bytes,
			},
	};
	if (core->incomplete)
		first->elf.e_ident[KD_ELF_MARK] = KD_ELF_INCOMPLETE;
}

bool kd_elf_core_section(const struct kd_elf_core *core, Elf64_Shdr *section)
{
	*section = (Elf64_Shdr){.sh_info = (uint32_t)core->headers};
	return core->headers >= PN_XNUM;
}
