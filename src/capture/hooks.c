/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/hooks.h"

#include <stdio.h>
#include <string.h>

#include "capture/program.h"
#include "host/paths.h"

enum { WORDS_MAX = 16, VARIABLES = 7 };

/* Where the dump is, or what there is of it; "" when there is none. */
static void name_dump(const struct kd_capture *capture, char path[PATH_MAX])
{
	*path = '\0';
	if (capture->begun && capture->dump_tried && !*capture->folder)
		snprintf(path, PATH_MAX, "%s", capture->node);
	else if (capture->begun && capture->dump_tried)
		kd_path(path, capture->folder,
			capture->dump_whole ? "vmcore" : "vmcore.incomplete");
}

static enum kd_status run(struct kd_capture *capture, const char *title, const char *line,
			  struct kd_err *err)
{
	char text[sizeof(capture->hook_before)], dump[PATH_MAX], *rest;
	char *words[WORDS_MAX + 1] = {NULL}, *environment[VARIABLES + 1] = {NULL};
	char variables[VARIABLES][PATH_MAX + 32];
	const struct {
		const char *name, *value;
	} values[VARIABLES] = {
		{"KDUMP_HOOK", title},
		{"KDUMP_VMCORE", capture->vmcore},
		{"KDUMP_TARGET", capture->targets[capture->target].name},
		{"KDUMP_DEVICE", capture->device},
		{"KDUMP_FOLDER", capture->folder},
		{"KDUMP_DUMP", dump},
		{"KDUMP_COMPLETE", capture->dump_whole ? "yes" : "no"},
	};
	const struct kd_program program = {title, words, environment, capture->hook_timeout_s};

	name_dump(capture, dump);
	snprintf(text, sizeof(text), "%s", line);
	words[0] = strtok_r(text, " \t", &rest);
	for (size_t i = 1; i < WORDS_MAX && words[i - 1]; i++)
		words[i] = strtok_r(NULL, " \t", &rest);
	for (size_t i = 0; i < VARIABLES; i++) {
		snprintf(variables[i], sizeof(variables[i]), "%s=%s", values[i].name,
			 values[i].value);
		environment[i] = variables[i];
	}
	return words[0] ? kd_program_run(capture, &program, err) : KD_OK;
}

enum kd_status kd_hook_before(struct kd_capture *capture, struct kd_err *err)
{
	return run(capture, "before", capture->hook_before, err);
}

enum kd_status kd_hook_after(struct kd_capture *capture, struct kd_err *err)
{
	return run(capture, "after", capture->hook_after, err);
}
