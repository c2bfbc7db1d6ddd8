/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/vmlinux.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/system.h"

enum { NOTES_BYTES_MOST = 1 << 20, NOTE_ALIGNMENT = 4 };

static enum kd_status read_at(int fd, uint64_t offset, void *data, size_t bytes, struct kd_err *err)
{
	ssize_t count = pread(fd, data, bytes, (off_t)offset);

	if (count < 0)
		return kd_fail_errno(err, errno, "reading");
	if ((size_t)count < bytes)
		return kd_fail(err, KD_TRUNCATED, "the file ends too early");
	return KD_OK;
}

bool kd_build_id_find(const void *notes, size_t bytes, char id[KD_BUILD_ID_TEXT_BYTES])
{
	struct kd_bytes reader = kd_bytes(notes, bytes);

	while (kd_bytes_left(&reader) >= sizeof(Elf64_Nhdr)) {
		uint32_t name_bytes = kd_bytes_u32(&reader);
		uint32_t desc_bytes = kd_bytes_u32(&reader);
		uint32_t type = kd_bytes_u32(&reader);
		const char *name, *desc;

		if (name_bytes > bytes || desc_bytes > bytes)
			return false;
		name = kd_bytes_take(&reader, kd_round_up(name_bytes, NOTE_ALIGNMENT));
		desc = kd_bytes_take(&reader, desc_bytes);
		if (!name || !desc)
			return false;
		if (type == NT_GNU_BUILD_ID && name_bytes == sizeof(ELF_NOTE_GNU) &&
		    !memcmp(name, ELF_NOTE_GNU, name_bytes) &&
		    2 * desc_bytes < KD_BUILD_ID_TEXT_BYTES) {
			for (uint32_t i = 0; i < desc_bytes; i++)
				snprintf(id + 2 * i, 3, "%02x", (uint8_t)desc[i]);
			return desc_bytes != 0;
		}
		kd_bytes_take(&reader,
			      (NOTE_ALIGNMENT - desc_bytes % NOTE_ALIGNMENT) % NOTE_ALIGNMENT);
	}
	return false;
}

/* In the sections: what is only debug information has notes there, but nothing that is loaded. */
static enum kd_status search(int fd, char id[KD_BUILD_ID_TEXT_BYTES], struct kd_err *err)
{
	Elf64_Ehdr header;
	enum kd_status status = read_at(fd, 0, &header, sizeof(header), err);

	if (status)
		return status;
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_shentsize != sizeof(Elf64_Shdr))
		return kd_fail(err, KD_UNSUPPORTED, "not an ELF file of 64 bits");
	for (uint64_t i = 0; i < header.e_shnum; i++) {
		KD_CLEANUP_FREE void *notes = NULL;
		Elf64_Shdr section;

		status = read_at(fd, header.e_shoff + i * sizeof(section), &section,
				 sizeof(section), err);
		if (status)
			return status;
		if (section.sh_type != SHT_NOTE || section.sh_size > NOTES_BYTES_MOST)
			continue;
		notes = malloc(section.sh_size + 1);
		if (!notes)
			return kd_fail_errno(err, ENOMEM, "notes");
		status = read_at(fd, section.sh_offset, notes, section.sh_size, err);
		if (status || kd_build_id_find(notes, section.sh_size, id))
			return status;
	}
	return kd_fail(err, KD_NOTFOUND, "it has no build id");
}

enum kd_status kd_build_id_read(const char *path, char id[KD_BUILD_ID_TEXT_BYTES],
				struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum kd_status status;

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	status = search(fd, id, err);
	return status ? kd_context(err, status, "%s", path) : KD_OK;
}

enum kd_status kd_vmlinux_check(const struct kd_kernel *kernel, const char *path,
				struct kd_err *err)
{
	const char *wanted = kd_kernel_build_id(kernel);
	char id[KD_BUILD_ID_TEXT_BYTES];
	enum kd_status status = kd_build_id_read(path, id, err);

	if (status)
		return status;
	if (!wanted)
		return kd_fail(err, KD_NOTFOUND, "the dump does not tell its kernel's build id");
	if (strcmp(id, wanted))
		return kd_fail(err, KD_INVALID,
			       "%s: of another kernel: its build id is %s, the dump's is %s", path,
			       id, wanted);
	return KD_OK;
}

enum kd_status kd_vmlinux_find(const struct kd_kernel *kernel, const char *folder,
			       char path[PATH_MAX], struct kd_err *err)
{
	const char *id = kd_kernel_build_id(kernel), *release = kd_kernel_release(kernel);
	char places[3][PATH_MAX];

	if (!id)
		return kd_fail(err, KD_NOTFOUND, "the dump does not tell its kernel's build id");
	snprintf(places[0], PATH_MAX, "%s/.build-id/%.2s/%s.debug", folder, id,
		 strlen(id) > 2 ? id + 2 : "");
	snprintf(places[1], PATH_MAX, "%s/boot/vmlinux-%s", folder, release);
	snprintf(places[2], PATH_MAX, "%s/lib/modules/%s/vmlinux", folder, release);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (!kd_vmlinux_check(kernel, places[i], NULL)) {
			strcpy(path, places[i]);
			return KD_OK;
		}
	return kd_fail(err, KD_NOTFOUND, "no vmlinux of %s with build id %s below %s", release, id,
		       folder);
}
