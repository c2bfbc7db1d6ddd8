/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices of the running system: by path, by UUID, by label, and what is on them. */
#ifndef KD_LOAD_BLOCKS_H
#define KD_LOAD_BLOCKS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "host/paths.h"

enum { KD_BLOCK_TEXT_BYTES = 256 };

/* Empty strings where there is none. */
struct kd_block_content {
	char type[KD_BLOCK_TEXT_BYTES]; /* of the file system: "ext4" */
	char uuid[KD_BLOCK_TEXT_BYTES];
	char label[KD_BLOCK_TEXT_BYTES];
	char part_uuid[KD_BLOCK_TEXT_BYTES]; /* of its entry in the partition table */
	char part_label[KD_BLOCK_TEXT_BYTES];
	bool partitioned;
};

/* What stands on the block device with this kernel name. KD_CORRUPT: signatures of two kinds. */
enum kd_status kd_block_probe(const struct kd_paths *paths, const char *name,
			      struct kd_block_content *content, struct kd_err *err);

/*
 * The kernel name of UUID=…, LABEL=…, PARTUUID=…, PARTLABEL=… or /dev/…, for the caller to free. KD_NOTFOUND; KD_UNSUPPORTED
 * where several devices carry it.
 */
enum kd_status kd_block_find(const struct kd_paths *paths, const char *device, char **name,
			     struct kd_err *err);

/* The kernel name of a device number. */
enum kd_status kd_block_of_number(const struct kd_paths *paths, unsigned int device_major,
				  unsigned int device_minor, char **name, struct kd_err *err);

/*
 * Whether a mount shows the block device: by the number that mountinfo has for it or, since a btrfs has an invented one
 * there, by its source, whatever name of the device that is ("/dev/vda1", "/dev/mapper/vg-crash"). NULL: none is known.
 */
bool kd_block_is_shown(const struct kd_paths *paths, const char *name, const char *source,
		       dev_t number);

#endif
