/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of the doctor look at, gathered once: facts, no judgement. */
#ifndef KD_ADVISE_EXAM_H
#define KD_ADVISE_EXAM_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "advise/dump_size.h"
#include "advise/exam_target.h"
#include "advise/reservation.h"
#include "base/err.h"
#include "base/log.h"
#include "config/config.h"
#include "host/paths.h"
#include "load/method.h"
#include "load/state.h"

/* Each `…_problem` is "" or why that part could not be found out. */
struct kd_exam {
	const struct kd_paths *paths;
	struct kd_config config;
	char config_problem[KD_ERR_TEXT_BYTES];

	struct kd_load_state state;
	char state_problem[KD_ERR_TEXT_BYTES];
	struct kd_load_powers powers;
	bool secure_boot;
	uint64_t asked_bytes; /* by crashkernel= with a plain size; 0: not, or otherwise */

	bool has_estimate;
	struct kd_estimate estimate;
	char estimate_problem[KD_ERR_TEXT_BYTES];
	bool has_dump;
	struct kd_dump_size dump;
	char dump_problem[KD_ERR_TEXT_BYTES];

	struct kd_exam_target targets[KD_CONFIG_TARGETS]; /* in the order in which they are tried */
	unsigned int target_count;                        /* at least 1 */

	char *image_path; /* the initramfs that is loaded or would be; NULL: none */
	char image_problem[KD_ERR_TEXT_BYTES];
	char kernel_release[65];                /* of the kernel that goes with it; "": not known */
	char foreign_module[KD_ERR_TEXT_BYTES]; /* "", or one that is for another kernel */
	char other_config[KD_ERR_TEXT_BYTES];   /* "", or what it has otherwise than configured */
	char image_fallback[KD_ERR_TEXT_BYTES]; /* "", or how it would miss the boot file system */
};

/* `live`: of the running kernel its answers are asked for, too; else only what files say. KD_NOMEM. */
enum kd_status kd_exam_make(const struct kd_paths *paths, bool live, struct kd_exam *exam,
			    struct kd_err *err);
void kd_exam_deinit(struct kd_exam *exam);

/* A part, for kd_exam_make(). */
void kd_exam_look_at_image(struct kd_exam *exam);

#endif
