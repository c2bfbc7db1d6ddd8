/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of one capture, shared by the supervisor and the processes of its steps: it lives in a
 * shared mapping, holds no pointers, and a step that dies leaves in it what it had reached.
 */
#ifndef KD_CAPTURE_CAPTURE_H
#define KD_CAPTURE_CAPTURE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/sha256.h"
#include "config/config.h"
#include "crashes/keep.h"
#include "save/save.h"

enum {
	KD_CAPTURE_LOG_BYTES = 32 << 10,
	KD_CAPTURE_PARTS = 8,
	KD_CAPTURE_STEPS = 96, /* of all targets */
	KD_PART_NAME_BYTES = 32,
	KD_TTY_BYTES = 32,
};

/* One file of the crash folder, or one part of a raw device. */
struct kd_part {
	char name[KD_PART_NAME_BYTES];
	uint64_t offset; /* on a raw device; 0 in a folder */
	uint64_t bytes;
	bool whole; /* ended and on stable storage */
};

/* How a step went, for the manifest. */
struct kd_step_record {
	const char *name; /* of the table, the same in every process */
	uint64_t took_ns;
	uint64_t peak_kib;   /* resident at most */
	unsigned int target; /* that was being tried */
	bool ran, failed;
	enum kd_status status; /* that it said */
	char why[KD_ERR_TEXT_BYTES];
};

/* A target of the list, and what became of it. */
struct kd_capture_target {
	char name[KD_TARGET_NAME_BYTES]; /* "" of the first */
	char device[256]; /* UUID=…, LABEL=…, PARTUUID=…, /dev/…; "" without one */
	char path[PATH_MAX];
	char options[256];
	enum kd_target_type type;
	bool tried;
	char why[KD_ERR_TEXT_BYTES]; /* why it does not hold the dump; "" when it does, or nobody knows yet */
};

struct kd_capture {
	/* given */
	char vmcore[PATH_MAX];
	bool is_init; /* PID 1 of a second kernel, not a process of an analyst */
	struct kd_capture_target targets[KD_CONFIG_TARGETS];
	unsigned int target_count;
	char hook_before[256], hook_after[256]; /* program and arguments; "" without one */
	unsigned int hook_timeout_s;
	char configured_host[KD_HOST_BYTES];
	enum kd_final_action final_action, failure_action;
	unsigned int device_timeout_s, step_timeout_s, dump_timeout_s;
	unsigned int rescue_timeout_s; /* 0: nobody is asked */
	unsigned int levels[KD_CONFIG_LEVELS], level_count;
	enum kd_dump_format format;
	struct kd_keep keep;
	char codec[32];

	/* the target that is being tried: copied out of the list by kd_capture_use_target() */
	unsigned int target;
	char device[256];
	char target_path[PATH_MAX];
	char target_options[256];
	enum kd_target_type target_type;

	/* reached */
	bool target_ready, begun; /* found and mounted; with a crash folder, or header */
	bool has_evidence;        /* some target has a part that is whole */
	char node[PATH_MAX];      /* the device node that was found */
	char folder[PATH_MAX];    /* the crash folder; "" on a raw device */
	char host[KD_HOST_BYTES];
	char release[128];
	uint64_t crash_time_s, capture_time_s;
	struct kd_part parts[KD_CAPTURE_PARTS];
	unsigned int part_count;
	unsigned int open_part; /* index of the small one that is being written */
	struct kd_save_result saved;
	bool dump_tried, dump_whole;
	bool has_digest; /* of the whole dump's file */
	uint8_t digest[KD_SHA256_BYTES];

	char tty[KD_TTY_BYTES]; /* where somebody asked for a shell */

	/* watched */
	uint64_t progress_bytes; /* rises while a dump is written */
	struct kd_step_record steps[KD_CAPTURE_STEPS];
	unsigned int step_count;
	uint64_t started_ns;
	uint64_t memory_total_kib, memory_lowest_kib; /* of the second kernel; 0: not known */
	uint64_t peak_kib;                            /* of the largest step */

	/* said */
	char log[KD_CAPTURE_LOG_BYTES];
	size_t log_bytes;
};

/* In a mapping that children share, zeroed; NULL without memory. */
struct kd_capture *kd_capture_new(void);

/* Takes what the configuration says, and the first of its targets. */
void kd_capture_configure(struct kd_capture *capture, const struct kd_config *config);

/* Goes to that target of the list; forgets what was reached on another. */
void kd_capture_use_target(struct kd_capture *capture, unsigned int number);

#endif
