/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/first_image.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/image.h"
#include "host/file.h"
#include "load/cpio.h"
#include "load/programs.h"

enum { FILE_BYTES_MAX = 512 << 20, CPIO_ALIGNMENT = 4, MODE = 0600 };

static enum kd_status add_skeleton(struct kd_cpio *cpio, struct kd_err *err)
{
	static const char *const folders[] = {"proc", "sys", "dev", "run", "target", "tmp"};
	enum kd_status status = KD_OK;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && !status; i++)
		status = kd_cpio_add_folder(cpio, folders[i], 0755, err);
	/* the kernel opens it for PID 1 before anything is mounted; numbers: devices.txt */
	return status ? status : kd_cpio_add_device(cpio, "dev/console", 0600, 5, 1, err);
}

static enum kd_status add_file(struct kd_cpio *cpio, const char *path, unsigned int mode,
			       const char *source, struct kd_err *err)
{
	size_t bytes;
	char *data;
	enum kd_status status = kd_file_read(source, FILE_BYTES_MAX, &data, &bytes, err);

	return status ? status : kd_cpio_add_file(cpio, path, mode, data, bytes, err);
}

/* The first stays where it is here, for the guest's command line names it; the reader goes where the first looks. */
static enum kd_status add_programs(struct kd_cpio *cpio, const struct kd_first_image *image,
				   struct kd_err *err)
{
	struct kd_programs programs = {0};
	enum kd_status status = kd_programs_add(&programs, image->paths, image->program, err);

	if (!status)
		status = kd_programs_add(&programs, image->paths, image->reader, err);
	for (size_t i = 0; i < programs.count && !status; i++) {
		const struct kd_program_file *file = &programs.files[i];

		status = add_file(
			cpio, strcmp(file->path, image->reader) ? file->path : KD_REHEARSAL_READER,
			0755, file->source, err);
	}
	kd_programs_deinit(&programs);
	return status;
}

/* The place of a module in the guest: /modules/virtio_blk.ko. */
static void place_of(const char *source, char path[PATH_MAX])
{
	const char *name = strrchr(source, '/') ? strrchr(source, '/') + 1 : source;

	snprintf(path, PATH_MAX, "/modules/%.*s.ko", (int)strcspn(name, "."), name);
}

static enum kd_status add_list(struct kd_cpio *cpio, const char *path, const char *list,
			       struct kd_err *err)
{
	char *copy = strdup(list);

	if (!copy)
		return kd_fail(err, KD_NOMEM, "modules: no memory");
	return kd_cpio_add_file(cpio, path, 0644, copy, strlen(copy), err);
}

/* The modules and a list of them at `list_path`; `more` are lines behind it. */
static enum kd_status add_modules(struct kd_cpio *cpio, const struct kd_names *modules,
				  const char *list_path, struct kd_err *err)
{
	KD_CLEANUP_FREE char *list = NULL;
	enum kd_status status = KD_OK;
	size_t list_bytes;
	FILE *stream = open_memstream(&list, &list_bytes);

	for (size_t i = 0; stream && i < modules->count && !status; i++) {
		size_t bytes, stored_bytes;
		char path[PATH_MAX], *data;

		place_of(modules->items[i], path);
		fprintf(stream, "%s\n", path);
		status = kd_module_read(modules->items[i], &data, &bytes, &stored_bytes, err);
		if (!status)
			status = kd_cpio_add_file(cpio, path, 0644, data, bytes, err);
	}
	if (!stream || fclose(stream))
		return kd_fail(err, KD_NOMEM, "modules: no memory");
	return status ? status : add_list(cpio, list_path, list, err);
}

/*
 * The second kernel's image as it is; where its own drivers lead to nothing that QEMU has, with an archive behind it that
 * adds others: the kernel unpacks both, and a file of the second replaces one of the first.
 */
static enum kd_status add_second_image(struct kd_cpio *cpio, const struct kd_first_image *image,
				       struct kd_err *err)
{
	struct kd_cpio more = {0};
	char *packed = NULL, *data, *joined;
	size_t bytes, packed_bytes = 0, padded;
	enum kd_status status = kd_file_read(image->initrd, FILE_BYTES_MAX, &data, &bytes, err);

	if (status)
		return status;
	if (image->adds_modules) {
		status = add_modules(&more, image->modules, KD_IMAGE_MODULES, err);
		if (!status)
			status = kd_cpio_pack(&more, &packed, &packed_bytes, err);
		kd_cpio_deinit(&more);
	}
	padded = (bytes + CPIO_ALIGNMENT - 1) / CPIO_ALIGNMENT * CPIO_ALIGNMENT;
	joined = status ? NULL : realloc(data, padded + packed_bytes);
	if (!joined) {
		free(data);
		free(packed);
		return status ? status : kd_fail(err, KD_NOMEM, "%s: no memory", image->initrd);
	}
	if (packed) {
		memset(joined + bytes, 0, padded - bytes);
		memcpy(joined + padded, packed, packed_bytes);
		bytes = padded + packed_bytes;
	}
	free(packed);
	return kd_cpio_add_file(cpio, KD_REHEARSAL_INSIDE "/" KD_REHEARSAL_INITRD, 0600, joined,
				bytes, err);
}

enum kd_status kd_first_image_write(const struct kd_first_image *image,
				    const struct kd_rehearsal *rehearsal, const char *path,
				    struct kd_err *err)
{
	struct kd_cpio cpio = {0};
	char *text = kd_rehearsal_format(rehearsal), *packed = NULL;
	size_t bytes = 0;
	enum kd_status status;

	if (!text)
		return kd_fail(err, KD_INVALID, "rehearsal: a name that JSON cannot carry");
	status = kd_cpio_add_file(&cpio, KD_REHEARSAL_INSIDE "/" KD_REHEARSAL_FILE, 0600, text,
				  strlen(text), err);
	if (!status)
		status = add_skeleton(&cpio, err);
	if (!status)
		status = add_programs(&cpio, image, err);
	if (!status)
		status = add_modules(&cpio, image->modules, KD_REHEARSAL_LIST, err);
	if (!status)
		status = add_file(&cpio, KD_REHEARSAL_INSIDE "/" KD_REHEARSAL_KERNEL, 0600,
				  image->kernel, err);
	if (!status)
		status = add_second_image(&cpio, image, err);
	if (!status)
		status = kd_cpio_pack(&cpio, &packed, &bytes, err);
	kd_cpio_deinit(&cpio);
	if (!status)
		status = kd_file_replace(path, packed, bytes, MODE, err);
	free(packed);
	return status;
}
