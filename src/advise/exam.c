/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advise/exam.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "host/file.h"
#include "host/system.h"
#include "load/command_line.h"
#include "load/defaults.h"
#include "load/kernel_image.h"
#include "load/marks.h"

enum { CMDLINE_BYTES = 64 << 10, VARIABLE_BYTES = 64, KERNEL_HEAD_BYTES = 66 << 10 };

/* EFI_GLOBAL_VARIABLE; the file has four bytes of attributes, then the value (UEFI 2.10, 3.3) */
#define SECURE_BOOT "firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static void read_config(struct kd_exam *exam)
{
	struct kd_err err = {0};
	enum kd_status status = kd_config_read(&exam->config, exam->paths->config, &err);

	if (status && status != KD_NOTFOUND)
		memcpy(exam->config_problem, err.text, sizeof(err.text));
}

static void read_state(struct kd_exam *exam)
{
	struct kd_err err = {0};

	if (kd_load_state_read(exam->paths, &exam->state, &err))
		memcpy(exam->state_problem, err.text, sizeof(err.text));
}

static void read_powers(struct kd_exam *exam, bool live)
{
	KD_CLEANUP_FREE char *value = NULL;
	char path[PATH_MAX];
	size_t bytes;

	if (live) {
		kd_load_powers_probe(exam->paths, &exam->powers);
	} else {
		kd_load_powers_read(exam->paths, &exam->powers);
		if (*exam->powers.lockdown && strcmp(exam->powers.lockdown, "none"))
			exam->powers.segments_errno = EPERM;
	}
	if (!kd_file_read(kd_path(path, exam->paths->sys, SECURE_BOOT), VARIABLE_BYTES, &value,
			  &bytes, NULL))
		exam->secure_boot = bytes == 5 && value[4] == 1;
}

/* crashkernel=SIZE[KMG], with ",high" or "@offset" behind it; ranges are not looked at. */
static void read_asked(struct kd_exam *exam)
{
	KD_CLEANUP_FREE char *line = NULL;
	char path[PATH_MAX];
	const char *asked, *end;
	size_t bytes, length;
	uint64_t size;

	if (kd_file_read(kd_path(path, exam->paths->proc, "cmdline"), CMDLINE_BYTES, &line, &bytes,
			 NULL))
		return;
	asked = kd_crashkernel_of(line, &length);
	if (!asked)
		return;
	if (kd_text_bytes(asked, 0, &size, &end) &&
	    (end >= asked + length || *end == '@' || !strncmp(end, ",high", 5)))
		exam->asked_bytes = size;
}

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = value ? strdup(value) : NULL;
}

/* A kernel that nobody named is that of the running release. */
static void read_release(struct kd_exam *exam, const char *kernel, bool is_named)
{
	KD_CLEANUP_CLOSE int fd = open(kernel, O_RDONLY | O_CLOEXEC);
	KD_CLEANUP_FREE uint8_t *head = malloc(KERNEL_HEAD_BYTES);
	ssize_t bytes = fd < 0 || !head ? -1 : pread(fd, head, KERNEL_HEAD_BYTES, 0);

	if (bytes > 0 && kd_kernel_bzimage_release(head, (size_t)bytes, exam->kernel_release))
		return;
	if (is_named || kd_marks_release(exam->paths, exam->kernel_release, NULL))
		exam->kernel_release[0] = '\0';
}

/* What is loaded; else what `kdump load` would load. */
static void estimate(struct kd_exam *exam)
{
	const struct kd_load_arguments defaults = {.backup = KD_BACKUP_AUTO};
	const struct kd_load_arguments *arguments =
		exam->state.has_record ? &exam->state.record.arguments : &defaults;
	struct kd_load_resolved resolved = {0};
	struct kd_err err = {0};
	enum kd_status status = kd_load_resolve(exam->paths, arguments, NULL, &resolved, &err);

	if (!status) {
		set_text(&exam->image_path, resolved.initrd);
		read_release(exam, resolved.kernel, arguments->kernel != NULL);
		status = kd_estimate_reservation(&resolved.request, &exam->config, &exam->estimate,
						 &err);
	}
	exam->has_estimate = !status;
	if (status)
		memcpy(exam->estimate_problem, err.text, sizeof(err.text));
	kd_load_resolved_deinit(&resolved);
}

static void look_at_targets(struct kd_exam *exam)
{
	for (; exam->target_count < exam->config.target_count; exam->target_count++)
		kd_exam_target_look(exam->paths, &exam->config.targets[exam->target_count],
				    &exam->targets[exam->target_count]);
}

/* The speed is that of the first target that is there. */
static void measure_dump(struct kd_exam *exam)
{
	const char *block = NULL;
	struct kd_err err = {0};

	for (unsigned int i = 0; i < exam->target_count && !block; i++)
		if (exam->targets[i].found)
			block = exam->targets[i].target.block;
	exam->has_dump =
		!kd_dump_size_measure(exam->paths, &exam->config, block, &exam->dump, &err);
	memcpy(exam->dump_problem, err.text, sizeof(err.text));
}

enum kd_status kd_exam_make(const struct kd_paths *paths, bool live, struct kd_exam *exam,
			    struct kd_err *err)
{
	enum kd_status status;

	*exam = (struct kd_exam){.paths = paths};
	status = kd_config_init(&exam->config, err);
	if (status)
		return status;
	read_config(exam);
	read_state(exam);
	read_powers(exam, live);
	read_asked(exam);
	look_at_targets(exam);
	/* before a kernel is unpacked: what that gives back does not look free for a while */
	measure_dump(exam);
	estimate(exam);
	kd_exam_look_at_image(exam);
	return KD_OK;
}

void kd_exam_deinit(struct kd_exam *exam)
{
	kd_config_deinit(&exam->config);
	kd_load_state_deinit(&exam->state);
	while (exam->target_count)
		kd_exam_target_deinit(&exam->targets[--exam->target_count]);
	free(exam->image_path);
}
