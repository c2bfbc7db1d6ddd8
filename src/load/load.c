/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two methods behind one face. */
#include "load/load.h"

#include "load/file_method.h"
#include "load/image.h"
#include "load/method.h"
#include "load/segments.h"
#include "load/switch.h"

static const struct {
	enum kd_status (*prepare)(const struct kd_load_request *request,
				  struct kd_load_image **image, struct kd_err *err);
	enum kd_status (*commit)(struct kd_load_image *image, struct kd_err *err);
} methods[] = {
	[KD_LOAD_AUTO] = {NULL, NULL}, /* decided before: kd_load_choose_method() */
	[KD_LOAD_FILE] = {kd_file_method_prepare, kd_file_method_commit},
	[KD_LOAD_SEGMENTS] = {kd_segments_prepare, kd_segments_commit},
};

enum kd_status kd_load_prepare(const struct kd_load_request *request, struct kd_load_image **image,
			       struct kd_err *err)
{
	if ((unsigned int)request->method >= sizeof(methods) / sizeof(*methods) ||
	    !methods[request->method].prepare)
		return kd_fail(err, KD_INVALID, "no method to load by was chosen");
	return methods[request->method].prepare(request, image, err);
}

enum kd_status kd_load_commit(struct kd_load_image *image, struct kd_err *err)
{
	return methods[image->method].commit(image, err);
}

/* Either call takes away what either has loaded, but lockdown bars the first even from that. */
static enum kd_status unload(struct kd_err *err)
{
	if (!kd_segments_unload(NULL))
		return KD_OK;
	return kd_file_method_unload(err);
}

static void describe(const struct kd_load_image *image, struct kd_load_description *said)
{
	said->segments = kd_load_segments(image, &said->segment_count);
	said->command_line = kd_load_command_line(image);
	said->backup = kd_load_backs_up(image);
}

const struct kd_load_driver kd_load_kernel_driver = {
	.probe = kd_load_powers_probe,
	.prepare = kd_load_prepare,
	.commit = kd_load_commit,
	.describe = describe,
	.release = kd_load_image_free,
	.unload = unload,
};
