/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF cores of a kernel: /proc/vmcore (fs/proc/vmcore.c), and the files that makedumpfile -E and we write.
 * A PT_LOAD is a range of physical memory, PT_NOTE holds registers and VMCOREINFO. Format: the System
 * V gABI, chapters 4 and 5; PN_XNUM: elf(5).
 *
 * What is read here: the 64-byte header, the program headers, the notes. Each claim is checked against
 * the file's size in 64 bits; only pages may be missing from a file, and are counted.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dump/format.h"
#include "host/system.h"

enum { PHDR_PIECE = 64 };

static enum kd_status check_ident(const Elf64_Ehdr *header, struct kd_err *err)
{
	if (header->e_ident[EI_CLASS] == ELFCLASS32)
		return kd_fail(err, KD_UNSUPPORTED, "a 32-bit ELF core: only 64-bit ones are read");
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return kd_fail(err, KD_CORRUPT, "ELF class %u", header->e_ident[EI_CLASS]);
	if (header->e_ident[EI_DATA] == ELFDATA2MSB)
		return kd_fail(err, KD_UNSUPPORTED, "a big-endian ELF core");
	if (header->e_ident[EI_DATA] != ELFDATA2LSB)
		return kd_fail(err, KD_CORRUPT, "ELF data encoding %u", header->e_ident[EI_DATA]);
	if (header->e_type != ET_CORE)
		return kd_fail(err, KD_UNSUPPORTED, "an ELF file, but not a core (type %u)",
			       header->e_type);
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return kd_fail(err, KD_CORRUPT, "program headers of %u bytes", header->e_phentsize);
	return KD_OK;
}

/* The number of program headers: in section header 0 when the field is too small for it. */
static enum kd_status count_headers(struct kd_dump *dump, const Elf64_Ehdr *header, uint32_t *count,
				    struct kd_err *err)
{
	uint32_t counted = header->e_phnum;
	Elf64_Shdr section;
	enum kd_status status;

	if (counted == PN_XNUM) {
		status = kd_reader_copy(dump->reader, header->e_shoff, &section, sizeof(section),
					err);
		if (status)
			return kd_context(err, status, "section header 0, for the header count");
		counted = section.sh_info;
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
	uint64_t note_bytes; /* of all PT_NOTEs */
};

static enum kd_status take_load(struct parse *parse, const Elf64_Phdr *load, struct kd_err *err)
{
	enum kd_status status = check_load(load, err);

	if (status)
		return status;
	return kd_segments_add(parse->dump,
			       &(struct kd_segment){
				       .paddr = load->p_paddr,
				       .vaddr = load->p_vaddr,
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
			status = kd_reader_copy(parse->dump->reader, offset + at * sizeof(*headers),
						headers, piece * sizeof(*headers), err);
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
	kd_segments_tidy(dump);
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

/* How many pages there are, and how much of them the file lacks. */
static void count_pages(struct kd_dump *dump)
{
	const uint64_t page_bytes = dump->arch->page_bytes;
	uint64_t memory = 0, in_file = 0, missing = 0;

	for (size_t i = 0; i < dump->segment_count; i++) {
		const struct kd_segment *segment = &dump->segments[i];
		uint64_t there = segment->file_offset < dump->medium.bytes
					 ? dump->medium.bytes - segment->file_offset
					 : 0;

		/* segments do not overlap: the sums fit */
		memory += segment->memory_bytes;
		in_file += segment->file_bytes;
		if (there < segment->file_bytes)
			missing += segment->file_bytes - there;
	}
	dump->facts.ram_pages = memory / page_bytes;
	dump->facts.saved_pages = in_file / page_bytes;
	dump->missing_bytes = missing;
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
	status = check_ident(&header, err);
	if (!status)
		status = count_headers(dump, &header, &count, err);
	if (status)
		return status;
	dump->arch = kd_arch_find(header.e_machine);
	if (!dump->arch)
		return kd_fail(err, KD_UNSUPPORTED, "a core of ELF machine %u: not known here",
			       header.e_machine);
	if (!kd_add(header.e_phoff, count * sizeof(Elf64_Phdr), &end) || end > dump->medium.bytes)
		return kd_fail(err, KD_TRUNCATED, "the file ends before its %u program headers",
			       count);
	status = parse_headers(&parse, &header, count, err);
	if (!status) {
		choose_page_size(dump);
		count_pages(dump);
	}
	return status;
}

/* Where the bytes of a physical address stand, and how many of them together. */
static enum kd_status locate(const struct kd_dump *dump, uint64_t paddr, uint64_t *offset,
			     uint64_t *left, struct kd_err *err)
{
	const struct kd_segment *segment =
		kd_segments_find(dump->segments, dump->segment_count, paddr);
	uint64_t into;

	if (!segment)
		return kd_fail_hole(err, paddr);
	into = paddr - segment->paddr;
	if (into >= segment->file_bytes)
		return kd_fail_excluded(err, paddr);
	*offset = segment->file_offset + into;
	*left = segment->file_bytes - into;
	return KD_OK;
}

static enum kd_status elf_window(struct kd_reader *reader, uint64_t paddr, const uint8_t **data,
				 size_t *bytes, struct kd_err *err)
{
	uint64_t offset, left;
	enum kd_status status = locate(reader->dump, paddr, &offset, &left, err);

	if (status)
		return status;
	status = kd_windows_at(&reader->windows, offset, data, bytes, err);
	if (status)
		return kd_context(err, status, "physical address 0x%llx",
				  (unsigned long long)paddr);
	if (*bytes > left)
		*bytes = (size_t)left;
	return KD_OK;
}

static enum kd_status elf_stream(struct kd_reader *reader, uint64_t paddr, size_t want,
				 uint8_t *buffer, const uint8_t **data, size_t *bytes,
				 struct kd_err *err)
{
	const struct kd_dump *dump = reader->dump;
	uint64_t offset, left;
	enum kd_status status;

	if (!reader->windows.by_read) {
		status = elf_window(reader, paddr, data, bytes, err);
		if (!status && *bytes > want)
			*bytes = want;
		return status;
	}
	status = locate(dump, paddr, &offset, &left, err);
	if (status)
		return status;
	status = kd_medium_read(&dump->medium, offset, buffer, left < want ? (size_t)left : want,
				bytes, err);
	if (status)
		return kd_context(err, status, "physical address 0x%llx",
				  (unsigned long long)paddr);
	*data = buffer;
	return KD_OK;
}

static enum kd_status elf_present(struct kd_reader *reader, uint64_t pfn, unsigned int count,
				  uint64_t *bits, struct kd_err *err)
{
	const struct kd_dump *dump = reader->dump;
	const uint64_t page_bytes = dump->arch->page_bytes;
	uint64_t start = pfn * page_bytes, end;
	size_t low = 0, high = dump->segment_count;

	memset(bits, 0, count / 8);
	if (!kd_add(start, count * page_bytes, &end))
		end = UINT64_MAX;
	while (low < high) { /* the first segment that ends after start */
		size_t middle = low + (high - low) / 2;
		const struct kd_segment *segment = &dump->segments[middle];

		if (segment->paddr + segment->memory_bytes <= start)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < dump->segment_count && dump->segments[low].paddr < end; low++) {
		const struct kd_segment *segment = &dump->segments[low];
		uint64_t from = segment->paddr > start ? segment->paddr : start;
		uint64_t to = segment->paddr + segment->file_bytes;

		if (to > end)
			to = end;
		for (uint64_t at = from / page_bytes - pfn;
		     from < to && at < (to - start + page_bytes - 1) / page_bytes; at++)
			bits[at / 64] |= UINT64_C(1) << at % 64;
	}
	return KD_OK;
}

const struct kd_format kd_format_elf = {
	.name = "elf",
	.magic = ELFMAG,
	.magic_bytes = SELFMAG,
	.open = open_elf,
	.window = elf_window,
	.stream = elf_stream,
	.present = elf_present,
};
