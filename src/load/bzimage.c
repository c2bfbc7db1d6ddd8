/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bzImage, entered at its 64-bit entry (Documentation/arch/x86/boot.rst): the file is the real-mode
 * setup of setup_sects + 1 sectors, which we skip, and the protected-mode kernel, which is loaded
 * where it finds room and moves itself if it wants; it needs init_size bytes from there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "load/kernel_image.h"

enum {
	SECTOR_BYTES = 512,
	HEADER_OFFSET = 0x1f1,   /* struct setup_header */
	JUMP_OFFSET = 0x200,     /* a short jump over the header tells its end */
	ENTRY_64_OFFSET = 0x200, /* of the 64-bit entry in the protected-mode kernel */
	SECTORS_WHEN_ZERO = 4,
	PROTOCOL_64 = 0x020c, /* xloadflags, 3.8 */
	COMMAND_LINE_OLD = 255,
};

static bool probe(const uint8_t *file, size_t bytes)
{
	return bytes > 0x206 && file[0x1fe] == 0x55 && file[0x1ff] == 0xaa &&
	       !memcmp(file + 0x202, "HdrS", 4);
}

static enum kd_status check(const struct setup_header *header, struct kd_err *err)
{
	if (header->version < PROTOCOL_64)
		return kd_fail(
			err, KD_UNSUPPORTED,
			"boot protocol %u.%02u is too old: 2.12 (Linux 3.8) or later is needed",
			header->version >> 8, header->version & 0xff);
	if (!(header->loadflags & LOADED_HIGH))
		return kd_fail(err, KD_UNSUPPORTED, "a zImage, which must lie below 640 KiB");
	if (!(header->xloadflags & XLF_KERNEL_64))
		return kd_fail(
			err, KD_UNSUPPORTED,
			"a 32-bit kernel, which has no 64-bit entry; this machine is x86_64");
	if (!header->kernel_alignment || header->kernel_alignment & (header->kernel_alignment - 1))
		return kd_fail(err, KD_CORRUPT, "alignment 0x%x is not a power of two",
			       header->kernel_alignment);
	return KD_OK;
}

static enum kd_status read_bzimage(const uint8_t *file, size_t bytes, struct kd_kernel_image *image,
				   struct kd_err *err)
{
	struct setup_header *header = &image->setup_header;
	size_t header_bytes, setup_bytes;
	enum kd_status status;
	uint64_t declared;

	header_bytes = (size_t)file[JUMP_OFFSET + 1] + JUMP_OFFSET + 2 - HEADER_OFFSET;
	if (header_bytes > sizeof(*header))
		header_bytes = sizeof(*header);
	if (bytes < HEADER_OFFSET + header_bytes)
		return kd_fail(err, KD_TRUNCATED, "ends in its setup header");
	memcpy(header, file + HEADER_OFFSET, header_bytes);
	status = check(header, err);
	if (status)
		return status;

	setup_bytes = (header->setup_sects ? header->setup_sects : SECTORS_WHEN_ZERO) + 1u;
	setup_bytes *= SECTOR_BYTES;
	/* syssize counts the protected-mode kernel in units of 16 bytes */
	declared = setup_bytes + (uint64_t)header->syssize * 16;
	if (bytes <= setup_bytes + ENTRY_64_OFFSET || bytes + 15 < declared)
		return kd_fail(err, KD_TRUNCATED, "truncated: %zu bytes, and its header says %llu",
			       bytes, (unsigned long long)declared);

	image->data_bytes = bytes - setup_bytes;
	image->memory_bytes =
		header->init_size > image->data_bytes ? header->init_size : image->data_bytes;
	image->alignment = header->kernel_alignment;
	image->below_4g = !(header->xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G);
	image->fixed = !header->relocatable_kernel;
	image->fixed_paddr = header->pref_address;
	image->command_line_limit_bytes =
		header->cmdline_size ? header->cmdline_size : COMMAND_LINE_OLD;
	image->entry_offset = ENTRY_64_OFFSET;
	image->has_setup_header = true;
	image->data = malloc(image->data_bytes);
	if (!image->data)
		return kd_fail(err, KD_NOMEM, "%llu bytes", (unsigned long long)image->data_bytes);
	memcpy(image->data, file + setup_bytes, image->data_bytes);
	return KD_OK;
}

bool kd_kernel_bzimage_release(const uint8_t *file, size_t bytes, char release[65])
{
	struct setup_header header;
	size_t at, length = 0;

	if (!probe(file, bytes) || bytes < HEADER_OFFSET + sizeof(header))
		return false;
	memcpy(&header, file + HEADER_OFFSET, sizeof(header));
	/* an offset less 0x200, to "6.1.0-56-amd64 (builder) #1 …" */
	at = header.kernel_version ? (size_t)header.kernel_version + JUMP_OFFSET : bytes;
	while (at + length < bytes && file[at + length] && file[at + length] != ' ')
		length++;
	if (!length || length >= 65 || at + length == bytes)
		return false;
	memcpy(release, file + at, length);
	release[length] = '\0';
	return true;
}

const struct kd_kernel_format kd_kernel_bzimage = {
	.name = "bzImage",
	.probe = probe,
	.read = read_bzimage,
};
