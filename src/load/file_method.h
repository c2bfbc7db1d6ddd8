/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Method `file`: kexec_file_load(2) is given the files, and the kernel lays them out, builds the core
 * header and brings its own purgatory. Hence no backup of the first 640 KiB, no table of segments and
 * no digest message; hence also that a signature can be checked under lockdown.
 */
#ifndef KD_LOAD_FILE_METHOD_H
#define KD_LOAD_FILE_METHOD_H

#include "load/load.h"

/* KD_UNSUPPORTED: not a bzImage, or too large for the reservation; what kd_kernel_image_read() gives. */
enum kd_status kd_file_method_prepare(const struct kd_load_request *request,
				      struct kd_load_image **image, struct kd_err *err);
enum kd_status kd_file_method_commit(struct kd_load_image *image, struct kd_err *err);

/* Takes the crash image away, by whichever method it came. */
enum kd_status kd_file_method_unload(struct kd_err *err);

/* Why kexec_file_load may have answered with `error`, for a person; "" when strerror says it all. */
const char *kd_file_method_hint(int error);

#endif
