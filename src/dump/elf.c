/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF cores of a kernel: /proc/vmcore (fs/proc/vmcore.c), and the files that makedumpfile -E and we write.
 * A PT_LOAD is a range of physical memory, PT_NOTE holds registers and VMCOREINFO. Format: the System
 * V gABI, chapters 4 and 5; PN_XNUM: elf(5). QEMU's dump-guest-memory writes them as well, one of 32 bits where
 * the guest runs in 32 bits below 4 GiB (its target/i386/arch_dump.c, cpu_get_dump_info()): with notes named CORE and,
 * with all registers of a CPU, QEMU; and the guest's VMCOREINFO where that has the vmcoreinfo device.
 *
 * What is read here: the header, the program headers, the notes. Each claim is checked against
 * the file's size in 64 bits; only pages may be missing from a file, and are counted.
 */
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dump/elf_mark.h"
#include "dump/format.h"
#include "host/system.h"

enum { PHDR_PIECE = 64 };

static enum kd_status check_ident(const Elf64_Ehdr *header, struct kd_err *err)
{
	bool is_32_bit = header->e_ident[EI_CLASS] == ELFCLASS32;

	if (!is_32_bit && header->e_ident[EI_CLASS] != ELFCLASS64)
		return kd_fail(err, KD_CORRUPT, "ELF class %u", header->e_ident[EI_CLASS]);
	if (header->e_ident[EI_DATA] == ELFDATA2MSB)
		return kd_fail(err, KD_UNSUPPORTED, "a big-endian ELF core");
	if (header->e_ident[EI_DATA] != ELFDATA2LSB)
		return kd_fail(err, KD_CORRUPT, "ELF data encoding %u", header->e_ident[EI_DATA]);
	if (header->e_type != ET_CORE)
		return kd_fail(err, KD_UNSUPPORTED, "an ELF file, but not a core (type %u)",
			       header->e_type);
	if (header->e_phentsize != (is_32_bit ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr)))
		return kd_fail(err, KD_CORRUPT, "program headers of %u bytes", header->e_phentsize);
	return KD_OK;
}

/* The number of program headers: in section header 0 when the field is too small for it. */
static enum kd_status count_headers(struct kd_dump *dump, const Elf64_Ehdr *header, uint32_t *count,
				    struct kd_err *err)
{
	uint32_t counted = header->e_phnum;
	size_t into = header->e_ident[EI_CLASS] == ELFCLASS32 ? offsetof(Elf32_Shdr, sh_info)
							      : offsetof(Elf64_Shdr, sh_info);
	uint64_t at;
	enum kd_status status;

	if (counted == PN_XNUM) {
		if (!kd_add(header->e_shoff, into, &at))
			return kd_fail(err, KD_CORRUPT, "section headers past the last offset");
		status = kd_reader_copy(dump->reader, at, &counted, sizeof(counted), err);
		if (status)
			return kd_context(err, status, "section header 0, for the header count");
	}
	if (!counted)
		return kd_fail(err, KD_CORRUPT, "no program headers");
	if (counted > KD_SEGMENT_LIMIT)
		return kd_fail(err, KD_UNSUPPORTED, "%u program headers: more than %d", counted,
			       KD_SEGMENT_LIMIT);
	*count = counted;
	return KD_OK;
}

static enum kd_status check_load(const Elf64_Phdr *load, struct kd_err *err)
{
	uint64_t end;

	if (load->p_filesz > load->p_memsz)
		return kd_fail(err, KD_CORRUPT, "0x%llx bytes in the file for 0x%llx of memory",
			       (unsigned long long)load->p_filesz,
			       (unsigned long long)load->p_memsz);
	if (!kd_add(load->p_paddr, load->p_memsz, &end) ||
	    !kd_add(load->p_offset, load->p_filesz, &end))
		return kd_fail(err, KD_CORRUPT, "the range wraps around");
	return KD_OK;
}

struct parse {
	struct kd_dump *dump;
	bool is_32_bit;
	uint64_t note_bytes; /* of all PT_NOTEs */
};

static enum kd_status take_load(struct parse *parse, const Elf64_Phdr *load, struct kd_err *err)
{
	enum kd_status status;

	/* /proc/kcore has virtual ranges that are no memory of their own: -1 (fs/proc/kcore.c) */
	if (load->p_paddr == UINT64_MAX) {
		parse->dump->facts.live = true;
		return KD_OK;
	}
	status = check_load(load, err);
	if (status)
		return status;
	return kd_segments_add(parse->dump,
			       &(struct kd_segment){
				       .paddr = load->p_paddr,
				       /* QEMU without paging knows none: 0, or the physical one */
				       .vaddr = load->p_vaddr == load->p_paddr ? 0 : load->p_vaddr,
				       .memory_bytes = load->p_memsz,
				       .file_bytes = load->p_filesz,
				       .file_offset = load->p_offset,
			       },
			       err);
}

static enum kd_status size_notes(struct parse *parse, const Elf64_Phdr *note, struct kd_err *err)
{
	if (!kd_add(parse->note_bytes, note->p_filesz, &parse->note_bytes) ||
	    parse->note_bytes > KD_NOTES_LIMIT)
		return kd_fail(err, KD_UNSUPPORTED, "notes of more than %d bytes", KD_NOTES_LIMIT);
	return KD_OK;
}

static enum kd_status read_notes(struct parse *parse, const Elf64_Phdr *note, struct kd_err *err)
{
	struct kd_dump *dump = parse->dump;
	/* the space for all of them was made; note_bytes counts what is filled now */
	char *to = dump->note_bytes + parse->note_bytes;
	enum kd_status status;

	status = kd_reader_copy(dump->reader, note->p_offset, to, note->p_filesz, err);
	if (!status)
		status = kd_elf_notes(dump, to, note->p_filesz, err);
	parse->note_bytes += note->p_filesz;
	return status ? kd_context(err, status, "notes") : KD_OK;
}

/* Reads program headers; those of 32 bits have their fields in another order, too. */
static enum kd_status copy_headers(struct parse *parse, uint64_t offset, uint32_t first,
				   uint32_t count, Elf64_Phdr headers[PHDR_PIECE],
				   struct kd_err *err)
{
	Elf32_Phdr narrow[PHDR_PIECE];
	enum kd_status status;

	if (!parse->is_32_bit)
		return kd_reader_copy(parse->dump->reader, offset + first * sizeof(*headers),
				      headers, count * sizeof(*headers), err);
	status = kd_reader_copy(parse->dump->reader, offset + first * sizeof(*narrow), narrow,
				count * sizeof(*narrow), err);
	for (uint32_t i = 0; !status && i < count; i++)
		headers[i] = (Elf64_Phdr){
			.p_type = narrow[i].p_type,
			.p_flags = narrow[i].p_flags,
			.p_offset = narrow[i].p_offset,
			.p_vaddr = narrow[i].p_vaddr,
			.p_paddr = narrow[i].p_paddr,
			.p_filesz = narrow[i].p_filesz,
			.p_memsz = narrow[i].p_memsz,
			.p_align = narrow[i].p_align,
		};
	return status;
}

typedef enum kd_status take_header(struct parse *parse, const Elf64_Phdr *header,
				   struct kd_err *err);

/* Calls take() for each program header of a type. */
static enum kd_status each_header(struct parse *parse, uint64_t offset, uint32_t count,
				  uint32_t type, take_header *take, struct kd_err *err)
{
	Elf64_Phdr headers[PHDR_PIECE];

	for (uint32_t at = 0; at < count; at++) {
		uint32_t piece = count - at < PHDR_PIECE ? count - at : PHDR_PIECE;
		const Elf64_Phdr *header = &headers[at % PHDR_PIECE];
		enum kd_status status = KD_OK;

		if (at % PHDR_PIECE == 0)
			status = copy_headers(parse, offset, at, piece, headers, err);
		if (!status && header->p_type == type)
			status = take(parse, header, err);
		if (status)
			return kd_context(err, status, "program header %u", at);
	}
	return KD_OK;
}

static enum kd_status parse_headers(struct parse *parse, const Elf64_Ehdr *header, uint32_t count,
				    struct kd_err *err)
{
	struct kd_dump *dump = parse->dump;
	enum kd_status status;

	status = each_header(parse, header->e_phoff, count, PT_LOAD, take_load, err);
	if (status)
		return status;
	status = kd_segments_tidy(dump, err);
	if (status)
		return status;
	if (!dump->segment_count)
		return kd_fail(err, KD_CORRUPT, "the core describes no memory");

	status = each_header(parse, header->e_phoff, count, PT_NOTE, size_notes, err);
	if (status)
		return status;
	dump->note_bytes = malloc(parse->note_bytes + 1);
	if (!dump->note_bytes)
		return kd_fail_errno(err, ENOMEM, "the notes");
	dump->note_bytes_count = (size_t)parse->note_bytes;
	parse->note_bytes = 0;
	return each_header(parse, header->e_phoff, count, PT_NOTE, read_notes, err);
}

/*
 * The headers of a core do not tell the size of a page, where a machine has several; VMCOREINFO does, in a line of
 * PAGESIZE=. What it says of other machines is for those to doubt who read all of it.
 */
static void choose_page_size(struct kd_dump *dump)
{
	static const char key[] = "PAGESIZE=";
	const char *line = dump->vmcoreinfo, *end = line ? line + dump->vmcoreinfo_bytes : NULL;
	const struct kd_arch *paged;

	while (line && line < end) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		uint64_t page_bytes = 0;

		if ((size_t)(end - line) > strlen(key) && !memcmp(line, key, strlen(key))) {
			for (line += strlen(key);
			     line < end && *line >= '0' && *line <= '9' && page_bytes < UINT32_MAX;
			     line++)
				page_bytes = page_bytes * 10 + (uint64_t)(*line - '0');
			paged = kd_arch_paged(dump->arch, page_bytes);
			if (paged)
				dump->arch = paged;
		}
		line = next ? next + 1 : NULL;
	}
}

/* Brings a header of 32 bits into the form of one of 64; up to e_version they are the same. */
static void widen_header(Elf64_Ehdr *header)
{
	Elf32_Ehdr narrow;

	memcpy(&narrow, header, sizeof(narrow));
	header->e_entry = narrow.e_entry;
	header->e_phoff = narrow.e_phoff;
	header->e_shoff = narrow.e_shoff;
	header->e_flags = narrow.e_flags;
	header->e_ehsize = narrow.e_ehsize;
	header->e_phentsize = narrow.e_phentsize;
	header->e_phnum = narrow.e_phnum;
	header->e_shentsize = narrow.e_shentsize;
	header->e_shnum = narrow.e_shnum;
	header->e_shstrndx = narrow.e_shstrndx;
}

static enum kd_status open_elf(struct kd_dump *dump, struct kd_err *err)
{
	struct parse parse = {.dump = dump};
	uint64_t end;
	Elf64_Ehdr header;
	uint32_t count = 0;
	enum kd_status status;

	status = kd_reader_copy(dump->reader, 0, &header, sizeof(header), err);
	if (status)
		return kd_context(err, status, "ELF header");
	parse.is_32_bit = header.e_ident[EI_CLASS] == ELFCLASS32;
	if (parse.is_32_bit)
		widen_header(&header);
	status = check_ident(&header, err);
	if (!status)
		status = count_headers(dump, &header, &count, err);
	if (status)
		return status;
	dump->arch = kd_arch_find(header.e_machine);
	if (!dump->arch)
		return kd_fail(err, KD_UNSUPPORTED, "a core of ELF machine %u: not known here",
			       header.e_machine);
	if (!kd_add(header.e_phoff, (uint64_t)count * header.e_phentsize, &end) ||
	    end > dump->medium.bytes)
		return kd_fail(err, KD_TRUNCATED, "the file ends before its %u program headers",
			       count);
	dump->facts.incomplete = header.e_ident[KD_ELF_MARK] == KD_ELF_INCOMPLETE;
	status = parse_headers(&parse, &header, count, err);
	if (!status) {
		choose_page_size(dump);
		kd_plain_count(dump);
	}
	return status;
}

const struct kd_format kd_format_elf = {
	.name = "elf",
	.magic = ELFMAG,
	.magic_bytes = SELFMAG,
	.open = open_elf,
	.window = kd_plain_window,
	.stream = kd_plain_stream,
	.present = kd_plain_present,
};
