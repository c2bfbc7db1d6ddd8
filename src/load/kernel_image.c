/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/kernel_image.h"

#include <stdlib.h>
#include <string.h>

static const struct kd_kernel_format *const formats[] = {
	&kd_kernel_bzimage,
	&kd_kernel_vmlinux,
};

/* What people pass by mistake, so that the message can say so. */
static const struct {
	const char *magic;
	size_t bytes;
	const char *what;
} mistakes[] = {
	{"\x1f\x8b", 2, "gzip data; give the bzImage, or the unpacked vmlinux"},
	{"\xfd"
	 "7zXZ",
	 5, "xz data; give the bzImage, or the unpacked vmlinux"},
	{"\x28\xb5\x2f\xfd", 4, "zstd data; give the bzImage, or the unpacked vmlinux"},
	{"070701", 6, "a cpio archive (an initramfs?)"},
	{"!<arch>", 7, "an archive (a package?)"},
	{"ARM\x64", 4, "a kernel for arm64"},
};

enum kd_status kd_kernel_image_read(const void *file, size_t bytes, struct kd_kernel_image *image,
				    struct kd_err *err)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct kd_kernel_image read = {.format = formats[i]->name};
		enum kd_status status;

		if (!formats[i]->probe(file, bytes))
			continue;
		status = formats[i]->read(file, bytes, &read, err);
		if (status) {
			kd_kernel_image_deinit(&read);
			return kd_context(err, status, "%s", formats[i]->name);
		}
		*image = read;
		return KD_OK;
	}
	if (!bytes)
		return kd_fail(err, KD_TRUNCATED, "the file is empty");
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++)
		if (bytes > mistakes[i].bytes &&
		    !memcmp(file, mistakes[i].magic, mistakes[i].bytes))
			return kd_fail(err, KD_UNSUPPORTED, "not a kernel but %s",
				       mistakes[i].what);
	if (bytes > 0x3c && !memcmp(file, "MZ", 2) &&
	    !memcmp((const uint8_t *)file + 0x38, "ARM\x64", 4))
		return kd_fail(err, KD_UNSUPPORTED, "a kernel for arm64; this machine is x86_64");
	return kd_fail(err, KD_UNSUPPORTED, "not a kernel image: neither a bzImage nor a vmlinux");
}

void kd_kernel_image_deinit(struct kd_kernel_image *image)
{
	free(image->data);
	image->data = NULL;
}
