/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is inside struct kd_load_image: for the two methods and nobody else. */
#ifndef KD_LOAD_IMAGE_H
#define KD_LOAD_IMAGE_H

#include "load/load.h"

enum { KD_LOAD_SEGMENTS_MAX = 16, KD_LOAD_BUFFERS_MAX = 32 };

struct kd_load_image {
	enum kd_load_method method;
	bool backs_up;
	char *command_line;

	/* segments */
	struct kd_load_segment segments[KD_LOAD_SEGMENTS_MAX];
	size_t segment_count;
	uint64_t entry; /* physical address at which the kernel jumps to us */
	unsigned long flags;

	/* file */
	int kernel_fd;
	int initrd_fd;

	void *buffers[KD_LOAD_BUFFERS_MAX]; /* what segments point into; freed with the image */
	size_t buffer_count;
};

/* An empty image; NULL without memory. */
struct kd_load_image *kd_load_image_new(enum kd_load_method method);

/*
 * Hands a malloc'ed buffer to the image. KD_NOMEM when there are too many; the buffer is freed then, so
 * that the caller never has to.
 */
enum kd_status kd_load_image_own(struct kd_load_image *image, void *buffer, struct kd_err *err);

#endif
