/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bzImage tells how much memory it takes to unpack itself (init_size), but not what stays: that is in the
 * ELF file which it carries compressed (Documentation/arch/x86/boot.rst, payload_offset; the last four
 * bytes of the payload are the unpacked size, which is not part of the compressed stream). objcopy has taken
 * its symbols away, and left the section headers.
 *
 * What runs lies between the start of .text and the end of .bss. The .brk behind it is taken as needed,
 * .init.scratch is used before the kernel knows of its memory. Given back at the end of the boot
 * (free_initmem(), mark_rodata_ro(), arch/x86/mm/init_64.c) are the sections from .data..percpu, which was
 * copied by then, to before .data_nosave, and the gaps up to the next multiple of 2 MiB behind code and
 * read-only data.
 */
#include "advise/kernel_memory.h"

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/system.h"
#include "load/kernel_image.h"

enum {
	PAGE_BYTES = 4096,
	SECTOR_BYTES = 512,
	SETUP_SECTORS_WHEN_ZERO = 4,
	UNPACKED_MOST = 512 << 20,
	CHUNK_BYTES = 1 << 20,
	SIZE_BYTES = 4, /* behind the compressed stream */
	NAME_BYTES = 32,
};

/* The sections that tell; the first of each name counts. */
enum section { TEXT, RODATA, DATA, PERCPU, INIT_TEXT, NOSAVE, BSS, SECTIONS };

static const char *const section_names[SECTIONS] = {
	[TEXT] = ".text",
	[RODATA] = ".rodata",
	[DATA] = ".data",
	[PERCPU] = ".data..percpu",
	[INIT_TEXT] = ".init.text",
	[NOSAVE] = ".data_nosave",
	[BSS] = ".bss",
};

struct sections {
	Elf64_Shdr found[SECTIONS];
	bool has[SECTIONS];
	uint64_t rodata_end; /* of the read-only sections before .data */
};

static enum kd_status bad_section(struct kd_err *err)
{
	return kd_fail(err, KD_CORRUPT, "its section headers contradict themselves");
}

/* Whether the name at this offset of the string table is `name`. */
static bool is_named(const uint8_t *file, const Elf64_Shdr *strings, uint32_t offset,
		     const char *name)
{
	size_t length = strlen(name) + 1;

	return offset < strings->sh_size && strings->sh_size - offset >= length &&
	       !memcmp(file + strings->sh_offset + offset, name, length);
}

static void take_section(const uint8_t *file, const Elf64_Shdr *strings, const Elf64_Shdr *section,
			 struct sections *sections)
{
	for (int i = 0; i < SECTIONS; i++)
		if (!sections->has[i] &&
		    is_named(file, strings, section->sh_name, section_names[i])) {
			sections->found[i] = *section;
			sections->has[i] = true;
		}
	if (sections->has[RODATA] && !sections->has[DATA])
		sections->rodata_end = section->sh_addr + section->sh_size;
}

static enum kd_status read_sections(const uint8_t *file, size_t bytes, struct sections *sections,
				    struct kd_err *err)
{
	Elf64_Shdr section, strings;
	Elf64_Ehdr header;

	if (bytes < sizeof(header))
		return kd_fail(err, KD_TRUNCATED, "ends in its ELF header");
	memcpy(&header, file, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64)
		return kd_fail(err, KD_CORRUPT, "is no 64-bit ELF file");
	if (header.e_shentsize != sizeof(section) || header.e_shoff > bytes ||
	    (bytes - header.e_shoff) / sizeof(section) < header.e_shnum ||
	    header.e_shstrndx >= header.e_shnum)
		return bad_section(err);
	memcpy(&strings, file + header.e_shoff + header.e_shstrndx * sizeof(strings),
	       sizeof(strings));
	if (strings.sh_offset > bytes || strings.sh_size > bytes - strings.sh_offset)
		return bad_section(err);
	for (size_t i = 0; i < header.e_shnum; i++) {
		memcpy(&section, file + header.e_shoff + i * sizeof(section), sizeof(section));
		if (section.sh_flags & SHF_ALLOC)
			take_section(file, &strings, &section, sections);
	}
	return KD_OK;
}

static uint64_t end_of(const Elf64_Shdr *section)
{
	return section->sh_addr + section->sh_size;
}

enum kd_status kd_kernel_memory_of_elf(const void *file, size_t bytes,
				       struct kd_kernel_memory *memory, struct kd_err *err)
{
	struct sections sections = {0};
	const Elf64_Shdr *at = sections.found;
	enum kd_status status = read_sections(file, bytes, &sections, err);
	uint64_t end, init_start, resident, given_back;

	if (status)
		return status;
	for (int i = 0; i < SECTIONS; i++)
		if (!sections.has[i])
			return kd_fail(err, KD_UNSUPPORTED, "has no section %s", section_names[i]);
	end = end_of(&at[BSS]);
	/* .data..percpu itself has 0 for an address up to 6.14 */
	init_start = at[INIT_TEXT].sh_addr - at[PERCPU].sh_size;
	if (at[TEXT].sh_addr >= at[RODATA].sh_addr || end_of(&at[TEXT]) > at[RODATA].sh_addr ||
	    sections.rodata_end > at[DATA].sh_addr || at[DATA].sh_addr >= at[NOSAVE].sh_addr ||
	    at[PERCPU].sh_size > at[INIT_TEXT].sh_addr || init_start < at[DATA].sh_addr ||
	    init_start > at[NOSAVE].sh_addr || end <= at[NOSAVE].sh_addr ||
	    end - at[TEXT].sh_addr > UNPACKED_MOST)
		return bad_section(err);
	resident = kd_round_up(end, PAGE_BYTES) - at[TEXT].sh_addr;
	given_back = kd_round_down(at[NOSAVE].sh_addr - init_start, PAGE_BYTES) +
		     kd_round_down(at[RODATA].sh_addr - end_of(&at[TEXT]), PAGE_BYTES) +
		     kd_round_down(at[DATA].sh_addr - sections.rodata_end, PAGE_BYTES);
	if (given_back >= resident)
		return bad_section(err);
	memory->resident_bytes = resident;
	memory->given_back_bytes = given_back;
	memory->code_bytes = at[TEXT].sh_size;
	memory->rodata_bytes = sections.rodata_end - at[RODATA].sh_addr;
	memory->percpu_bytes = at[PERCPU].sh_size;
	memory->exact = true;
	return KD_OK;
}

/* Reads what a compressed stream unpacks to. */
static enum kd_status unpack(struct archive *archive, uint8_t **data, size_t *bytes,
			     struct kd_err *err)
{
	struct archive_entry *entry;
	uint8_t *grown = NULL;
	size_t size = 0;
	la_ssize_t got = 0;

	if (archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return kd_fail(err, KD_CORRUPT, "its payload is damaged: %s",
			       archive_error_string(archive));
	if (archive_filter_code(archive, 0) == ARCHIVE_FILTER_NONE)
		return kd_fail(err, KD_UNSUPPORTED,
			       "its payload is compressed in a way not known here");
	do {
		uint8_t *larger = size < UNPACKED_MOST ? realloc(grown, size + CHUNK_BYTES) : NULL;

		if (!larger) {
			free(grown);
			return kd_fail(err, size < UNPACKED_MOST ? KD_NOMEM : KD_CORRUPT,
				       "its payload unpacks to %zu bytes and more", size);
		}
		grown = larger;
		got = archive_read_data(archive, grown + size, CHUNK_BYTES);
		if (got > 0)
			size += (size_t)got;
	} while (got > 0);
	if (got < 0) {
		free(grown);
		return kd_fail(err, KD_CORRUPT, "its payload is damaged: %s",
			       archive_error_string(archive));
	}
	*data = grown;
	*bytes = size;
	return KD_OK;
}

static enum kd_status unpack_payload(const uint8_t *payload, size_t payload_bytes, uint8_t **data,
				     size_t *bytes, struct kd_err *err)
{
	struct archive *archive = archive_read_new();
	enum kd_status status;

	if (!archive)
		return kd_fail_errno(err, ENOMEM, "its payload");
	archive_read_support_filter_all(archive);
	archive_read_support_format_raw(archive);
	if (archive_read_open_memory(archive, payload, payload_bytes) == ARCHIVE_OK)
		status = unpack(archive, data, bytes, err);
	else
		status = kd_fail(err, KD_CORRUPT, "its payload is damaged: %s",
				 archive_error_string(archive));
	archive_read_free(archive);
	return status;
}

static enum kd_status of_bzimage(const struct kd_kernel_image *image,
				 struct kd_kernel_memory *memory, struct kd_err *err)
{
	/* counted from the protected-mode kernel, which is what the image holds */
	uint64_t offset = image->setup_header.payload_offset;
	uint64_t length = image->setup_header.payload_length;
	KD_CLEANUP_FREE uint8_t *data = NULL;
	enum kd_status status;
	size_t bytes = 0;

	if (length <= SIZE_BYTES || offset > image->data_bytes ||
	    length > image->data_bytes - offset)
		return kd_fail(err, KD_CORRUPT, "its payload lies outside of it");
	status = unpack_payload(image->data + offset, (size_t)length - SIZE_BYTES, &data, &bytes,
				err);
	return status ? status : kd_kernel_memory_of_elf(data, bytes, memory, err);
}

static enum kd_status measure(const uint8_t *file, size_t bytes, struct kd_kernel_memory *memory,
			      struct kd_err *err)
{
	struct kd_kernel_image image = {0};
	enum kd_status status = kd_kernel_image_read(file, bytes, &image, err);

	if (!status) {
		memory->load_bytes = image.memory_bytes;
		status = image.has_setup_header ? of_bzimage(&image, memory, err)
						: kd_kernel_memory_of_elf(file, bytes, memory, err);
	}
	/* a compression that is not known here, or an ELF kernel without section headers */
	if (status == KD_UNSUPPORTED && memory->load_bytes) {
		memory->resident_bytes = memory->load_bytes;
		memory->code_bytes = memory->load_bytes / 2; /* with read-only data, seldom more */
		status = KD_OK;
	}
	kd_kernel_image_deinit(&image);
	return status;
}

enum kd_status kd_kernel_memory_read(const char *path, struct kd_kernel_memory *memory,
				     struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct kd_kernel_memory measured = {0};
	enum kd_status status;
	struct stat info;
	void *file;

	if (fd < 0 || fstat(fd, &info))
		return kd_fail_errno(err, errno, "%s", path);
	if (!S_ISREG(info.st_mode) || !info.st_size)
		return kd_fail(err, KD_UNSUPPORTED, "%s: not a file with anything in it", path);
	file = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		return kd_fail_errno(err, errno, "%s", path);
	status = measure(file, (size_t)info.st_size, &measured, err);
	munmap(file, (size_t)info.st_size);
	if (status)
		return kd_context(err, status, "%s", path);
	*memory = measured;
	return KD_OK;
}
