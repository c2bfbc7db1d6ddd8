/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The initramfs of the guest's first kernel. */
#ifndef KD_REHEARSE_FIRST_IMAGE_H
#define KD_REHEARSE_FIRST_IMAGE_H

#include "host/paths.h"
#include "load/modules.h"
#include "load/names.h"
#include "rehearse/rehearsal.h"

struct kd_first_image {
	const struct kd_paths *paths;
	const char *program, *reader;   /* this kdump-machine, and its kdump: with what they need */
	const char *kernel, *initrd;    /* of the second kernel */
	const struct kd_names *modules; /* files, in load order */
	bool adds_modules;              /* to the second kernel's image, before its own */
};

/* Writes it to `path`. KD_NOTFOUND (what is missing is named), KD_SYSTEM, KD_NOMEM. */
enum kd_status kd_first_image_write(const struct kd_first_image *image,
				    const struct kd_rehearsal *rehearsal, const char *path,
				    struct kd_err *err);

#endif
