/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/image.h"

#include <stdlib.h>
#include <unistd.h>

struct kd_load_image *kd_load_image_new(enum kd_load_method method)
{
	struct kd_load_image *image = calloc(1, sizeof(*image));

	if (image) {
		image->method = method;
		image->kernel_fd = image->initrd_fd = -1;
	}
	return image;
}

void kd_load_image_free(struct kd_load_image *image)
{
	if (!image)
		return;
	for (size_t i = 0; i < image->buffer_count; i++)
		free(image->buffers[i]);
	if (image->kernel_fd >= 0)
		close(image->kernel_fd);
	if (image->initrd_fd >= 0)
		close(image->initrd_fd);
	free(image->command_line);
	free(image);
}

enum kd_status kd_load_image_own(struct kd_load_image *image, void *buffer, struct kd_err *err)
{
	if (image->buffer_count == KD_LOAD_BUFFERS_MAX) {
		free(buffer);
		return kd_fail(err, KD_NOMEM, "too many buffers in one image");
	}
	image->buffers[image->buffer_count++] = buffer;
	return KD_OK;
}

const struct kd_load_segment *kd_load_segments(const struct kd_load_image *image, size_t *count)
{
	*count = image->segment_count;
	return image->segments;
}

const char *kd_load_command_line(const struct kd_load_image *image)
{
	return image->command_line ? image->command_line : "";
}

bool kd_load_backs_up(const struct kd_load_image *image)
{
	return image->backs_up;
}
