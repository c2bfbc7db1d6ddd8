/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/boot.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/system.h"
#include "inspect/fields.h"

enum {
	COMMAND_LINE_BYTES = 1 << 16, /* far more than COMMAND_LINE_SIZE of any architecture */
	PACKED_MOST = 1 << 22,
	UNPACKED_MOST = 1 << 25,
	GZIP_TRAILER_BYTES = 4, /* RFC 1952: the length of what it holds */
};

enum kd_status kd_command_line_read(struct kd_system *system, char **text, struct kd_err *err)
{
	KD_CLEANUP_FREE char *made = malloc(COMMAND_LINE_BYTES);
	uint64_t vaddr = 0;
	enum kd_status status;

	if (!made)
		return kd_fail_errno(err, ENOMEM, "the command line");
	status = kd_system_symbol(system, "saved_command_line", &vaddr, err);
	if (!status)
		status = kd_read_u64(system, vaddr, &vaddr, err);
	if (!status)
		status = kd_read_text(system, vaddr, made, COMMAND_LINE_BYTES, err);
	if (status)
		return kd_context(err, status, "the command line");
	*text = made;
	made = NULL;
	return KD_OK;
}

static enum kd_status unpack(const uint8_t *packed, size_t packed_bytes, char **text, size_t *bytes,
			     struct kd_err *err)
{
	struct kd_bytes trailer =
		kd_bytes(packed + packed_bytes - GZIP_TRAILER_BYTES, GZIP_TRAILER_BYTES);
	size_t room = kd_bytes_u32(&trailer), made_bytes = 0;
	KD_CLEANUP_FREE char *made = NULL;
	struct libdeflate_decompressor *decompressor;
	enum libdeflate_result result;

	if (room > UNPACKED_MOST)
		return kd_fail(err, KD_CORRUPT, "%zu bytes, unpacked", room);
	made = malloc(room + 1);
	decompressor = libdeflate_alloc_decompressor();
	if (!made || !decompressor) {
		libdeflate_free_decompressor(decompressor);
		return kd_fail_errno(err, ENOMEM, "%zu bytes", room);
	}
	result = libdeflate_gzip_decompress(decompressor, packed, packed_bytes, made, room,
					    &made_bytes);
	libdeflate_free_decompressor(decompressor);
	if (result)
		return kd_fail(err, KD_CORRUPT, "its compressed data is damaged");
	made[made_bytes] = '\0';
	*text = made;
	*bytes = made_bytes;
	made = NULL;
	return KD_OK;
}

/* It lies between two symbols (kernel/configs.c), and between "IKCFG_ST" and "IKCFG_ED" for who looks for it. */
enum kd_status kd_configuration_read(struct kd_system *system, char **text, size_t *bytes,
				     struct kd_err *err)
{
	KD_CLEANUP_FREE uint8_t *packed = NULL;
	uint64_t start = 0, end = 0;
	enum kd_status status;

	if (kd_system_symbol(system, "kernel_config_data", &start, NULL) ||
	    kd_system_symbol(system, "kernel_config_data_end", &end, NULL))
		return kd_fail(err, KD_NOTFOUND,
			       "the kernel does not hold its configuration (CONFIG_IKCONFIG); "
			       "distributions keep it in /boot/config-%s",
			       kd_kernel_release(kd_system_kernel(system)));
	if (end < start + GZIP_TRAILER_BYTES || end - start > PACKED_MOST)
		return kd_fail(err, KD_CORRUPT, "the configuration: from 0x%llx to 0x%llx",
			       (unsigned long long)start, (unsigned long long)end);
	packed = malloc((size_t)(end - start));
	if (!packed)
		return kd_fail_errno(err, ENOMEM, "the configuration");
	status = kd_system_read(system, start, packed, (size_t)(end - start), err);
	if (!status)
		status = unpack(packed, (size_t)(end - start), text, bytes, err);
	return status ? kd_context(err, status, "the configuration") : KD_OK;
}
