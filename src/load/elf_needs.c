/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF-64 (System V ABI, chapter 5): PT_DYNAMIC is an array of tags; those that name a string give its offset in the
 * table at DT_STRTAB, an address that a PT_LOAD segment maps to a place in the file.
 */
#include "load/elf_needs.h"

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

struct elf {
	const char *path;
	struct kd_bytes bytes;
	uint64_t headers;
	uint16_t header_bytes, header_count;
};

/* Program header `index`: false behind the last, or where the file ends. */
static bool header(struct elf *elf, uint16_t index, Elf64_Phdr *found)
{
	uint64_t at;
	const void *data;

	if (index >= elf->header_count ||
	    !kd_add(elf->headers, (uint64_t)index * elf->header_bytes, &at))
		return false;
	kd_bytes_seek(&elf->bytes, at);
	data = kd_bytes_take(&elf->bytes, sizeof(*found));
	if (!data)
		return false;
	memcpy(found, data, sizeof(*found));
	return true;
}

/* Where an address lies in the file; the end of the file when nowhere. */
static uint64_t place_of(struct elf *elf, uint64_t address)
{
	Elf64_Phdr segment;
	uint64_t at;

	for (uint16_t i = 0; header(elf, i, &segment); i++)
		if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
		    address - segment.p_vaddr < segment.p_filesz &&
		    kd_add(segment.p_offset, address - segment.p_vaddr, &at))
			return at;
	return elf->bytes.size;
}

/* The string at a place of the file; NULL without its NUL. */
static const char *string_at(const struct elf *elf, uint64_t at)
{
	if (at >= elf->bytes.size || !memchr(elf->bytes.data + at, '\0', elf->bytes.size - at))
		return NULL;
	return (const char *)elf->bytes.data + at;
}

/* A name that can be a file's, and stand in a message. */
static bool is_plain(const char *text)
{
	const char *at = text;

	while (*at > ' ' && *at <= '~')
		at++;
	return at > text && !*at;
}

static enum kd_status take_tag(struct elf *elf, const Elf64_Dyn *entry, uint64_t strings,
			       struct kd_elf_needs *needs, struct kd_err *err)
{
	bool is_folders =
		entry->d_tag == DT_RUNPATH || (entry->d_tag == DT_RPATH && !*needs->folders);
	const char *text;
	uint64_t at;

	if (entry->d_tag != DT_NEEDED && !is_folders)
		return KD_OK;
	text = kd_add(strings, entry->d_un.d_val, &at) ? string_at(elf, at) : NULL;
	if (!text)
		return kd_fail(err, KD_CORRUPT, "%s: a library's name lies outside of the file",
			       elf->path);
	if (is_folders) {
		snprintf(needs->folders, sizeof(needs->folders), "%s", text);
		return KD_OK;
	}
	if (!is_plain(text) || strchr(text, '/'))
		return kd_fail(err, KD_UNSUPPORTED,
			       "%s: needs a library whose name is not a plain one", elf->path);
	return kd_names_have(&needs->libraries, text) ? KD_OK
						      : kd_names_add(&needs->libraries, text, err);
}

/* Entry `index` of the dynamic section; a DT_NULL where there are no more. */
static Elf64_Dyn dynamic_entry(struct elf *elf, const Elf64_Phdr *dynamic, uint64_t index)
{
	Elf64_Dyn entry = {.d_tag = DT_NULL};
	const void *data = NULL;
	uint64_t at;

	if (index < dynamic->p_filesz / sizeof(entry) &&
	    kd_add(dynamic->p_offset, index * sizeof(entry), &at)) {
		kd_bytes_seek(&elf->bytes, at);
		data = kd_bytes_take(&elf->bytes, sizeof(entry));
	}
	if (data)
		memcpy(&entry, data, sizeof(entry));
	return entry;
}

static enum kd_status read_dynamic(struct elf *elf, const Elf64_Phdr *dynamic,
				   struct kd_elf_needs *needs, struct kd_err *err)
{
	uint64_t strings = elf->bytes.size;
	enum kd_status status = KD_OK;
	Elf64_Dyn entry;

	for (uint64_t i = 0; (entry = dynamic_entry(elf, dynamic, i)).d_tag != DT_NULL; i++)
		if (entry.d_tag == DT_STRTAB)
			strings = place_of(elf, entry.d_un.d_ptr);
	for (uint64_t i = 0; !status && (entry = dynamic_entry(elf, dynamic, i)).d_tag != DT_NULL;
	     i++)
		status = take_tag(elf, &entry, strings, needs, err);
	return status;
}

static enum kd_status open_elf(const char *path, const void *data, size_t size, struct elf *elf,
			       struct kd_err *err)
{
	const unsigned char *ident = data;

	if (size < sizeof(Elf64_Ehdr) || memcmp(data, ELFMAG, SELFMAG))
		return kd_fail(err, KD_UNSUPPORTED, "%s: neither an ELF file nor a script", path);
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return kd_fail(err, KD_UNSUPPORTED, "%s: not a 64-bit program", path);
	*elf = (struct elf){.path = path, .bytes = kd_bytes(data, size)};
	kd_bytes_seek(&elf->bytes, offsetof(Elf64_Ehdr, e_phoff));
	elf->headers = kd_bytes_u64(&elf->bytes);
	kd_bytes_seek(&elf->bytes, offsetof(Elf64_Ehdr, e_phentsize));
	elf->header_bytes = kd_bytes_u16(&elf->bytes);
	elf->header_count = kd_bytes_u16(&elf->bytes);
	return KD_OK;
}

enum kd_status kd_elf_needs_read(const char *path, const void *data, size_t size,
				 struct kd_elf_needs *needs, struct kd_err *err)
{
	struct kd_elf_needs found = {0};
	Elf64_Phdr segment;
	struct elf elf;
	enum kd_status status = open_elf(path, data, size, &elf, err);

	for (uint16_t i = 0; !status && i < elf.header_count; i++) {
		const char *text;

		if (!header(&elf, i, &segment)) {
			status = kd_fail(err, KD_TRUNCATED, "%s: ends before its headers do", path);
		} else if (segment.p_type == PT_INTERP) {
			text = string_at(&elf, segment.p_offset);
			if (!text || *text != '/' || !is_plain(text) ||
			    strlen(text) >= sizeof(found.interpreter))
				status = kd_fail(err, KD_CORRUPT, "%s: its loader has no name",
						 path);
			else
				strcpy(found.interpreter, text);
		} else if (segment.p_type == PT_DYNAMIC) {
			status = read_dynamic(&elf, &segment, &found, err);
		}
	}
	if (status) {
		kd_elf_needs_deinit(&found);
		return status;
	}
	*needs = found;
	return KD_OK;
}

void kd_elf_needs_deinit(struct kd_elf_needs *needs)
{
	kd_names_deinit(&needs->libraries);
}
