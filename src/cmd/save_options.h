/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kdump save is asked to do. */
#ifndef KD_CMD_SAVE_OPTIONS_H
#define KD_CMD_SAVE_OPTIONS_H

#include "cmd/dump_input.h"
#include "save/save.h"

enum { KD_ERASED_MOST = 64 };

struct kd_save_request {
	struct kd_dump_options how; /* to open the source */
	struct kd_save_options options;
	bool flattened, format_given, force, json, dry_run, quiet;
	uint32_t kinds; /* left out at every level */
	bool level_given;
	uint64_t limit_bytes; /* 0: none */
	const char *source, *target;
	const char *erase[KD_ERASED_MOST];
	unsigned int erase_count;
	struct kd_erasures erasures;
};

/* Reads the command line into a request that is all zeros; an exit status, KD_EXIT_DONE to go on. */
int kd_save_parse(const struct kd_command *self, int argc, char **argv,
		  struct kd_save_request *request);

#endif
