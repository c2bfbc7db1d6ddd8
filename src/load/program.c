/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/program.h"

#include <elf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/file.h"

enum { PROGRAM_BYTES_MAX = 64 << 20 };

static enum kd_status check_static(const char *path, const char *data, size_t size,
				   struct kd_err *err)
{
	struct kd_bytes bytes = kd_bytes(data, size);
	uint64_t table;
	uint16_t entry_bytes, count;

	if (size < sizeof(Elf64_Ehdr) || memcmp(data, ELFMAG, SELFMAG) ||
	    data[EI_CLASS] != ELFCLASS64 || data[EI_DATA] != ELFDATA2LSB)
		return kd_fail(err, KD_INVALID, "%s: not a 64-bit ELF program", path);
	kd_bytes_seek(&bytes, offsetof(Elf64_Ehdr, e_phoff));
	table = kd_bytes_u64(&bytes);
	kd_bytes_seek(&bytes, offsetof(Elf64_Ehdr, e_phentsize));
	entry_bytes = kd_bytes_u16(&bytes);
	count = kd_bytes_u16(&bytes);
	for (uint16_t i = 0; i < count; i++) {
		uint64_t at;

		if (!kd_add(table, (uint64_t)i * entry_bytes, &at))
			at = UINT64_MAX;
		kd_bytes_seek(&bytes, at);
		if (kd_bytes_u32(&bytes) == PT_INTERP)
			return kd_fail(err, KD_INVALID,
				       "%s: is linked dynamically; the image has no libraries",
				       path);
	}
	if (!count || bytes.overrun)
		return kd_fail(err, KD_TRUNCATED, "%s: ends before its program headers do", path);
	return KD_OK;
}

enum kd_status kd_program_add(struct kd_cpio *cpio, const char *path, const char *source,
			      uint64_t *bytes, struct kd_err *err)
{
	size_t size;
	char *data;
	enum kd_status status = kd_file_read(source, PROGRAM_BYTES_MAX, &data, &size, err);

	if (status)
		return status;
	status = check_static(source, data, size, err);
	if (status) {
		free(data);
		return status;
	}
	if (bytes)
		*bytes = size;
	return kd_cpio_add_file(cpio, path, 0755, data, size, err);
}
