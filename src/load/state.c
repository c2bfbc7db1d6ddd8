/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/state.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/marks.h"

static const struct {
	const char *name, *sentence, *hint;
	bool good;
} verdicts[] = {
	[KD_VERDICT_UNSUPPORTED] =
		{
			"unsupported",
			"A panic would leave nothing: this kernel cannot load a crash kernel.",
			"boot a kernel that is built with CONFIG_KEXEC and CONFIG_CRASH_DUMP",
		},
	[KD_VERDICT_NO_RESERVATION] =
		{
			"no-reservation",
			"A panic would leave nothing: no memory is reserved for a crash kernel.",
			"add crashkernel=128M to the kernel command line and reboot",
		},
	[KD_VERDICT_NEVER_LOADED] =
		{
			"not-loaded",
			"A panic would leave nothing: no crash kernel is loaded.",
			"run `kdump load`",
		},
	[KD_VERDICT_DISARMED] =
		{
			"disarmed",
			"A panic would leave nothing: kdump is disarmed.",
			"run `kdump arm`",
		},
	[KD_VERDICT_REBOOTED] =
		{
			"not-loaded-since-boot",
			"A panic would leave nothing: the crash kernel has not been loaded since the boot.",
			"run `kdump arm`",
		},
	[KD_VERDICT_LOST] =
		{
			"lost",
			"A panic would leave nothing: the crash kernel has been unloaded by another program.",
			"run `kdump arm`",
		},
	[KD_VERDICT_FOREIGN] =
		{
			"foreign",
			"A panic would start a kernel that another program loaded: whether it would write a "
			"dump is not known.",
			"run `kdump load` to replace it",
		},
	[KD_VERDICT_LAYOUT] =
		{
			"layout-changed",
			"A panic would start the crash kernel, but the dump might be incomplete or fail: "
			"memory or CPUs have changed since it was loaded.",
			"run `kdump arm` to load it again",
		},
	[KD_VERDICT_STALE] =
		{
			"stale",
			"A panic would start the crash kernel and write a dump, with the files as they were "
			"when it was loaded.",
			"run `kdump arm` to load them as they are now",
		},
	[KD_VERDICT_READY] =
		{
			"ready",
			"A panic would start the crash kernel and write a dump.",
			NULL,
		},
};

const char *kd_load_verdict_name(enum kd_load_verdict verdict)
{
	return verdicts[verdict].name;
}

const char *kd_load_verdict_sentence(enum kd_load_verdict verdict)
{
	return verdicts[verdict].sentence;
}

const char *kd_load_verdict_hint(enum kd_load_verdict verdict)
{
	return verdicts[verdict].hint;
}

bool kd_load_verdict_is_good(enum kd_load_verdict verdict)
{
	return verdict == KD_VERDICT_READY || verdict == KD_VERDICT_STALE;
}

bool kd_load_is_loaded(const struct kd_paths *paths)
{
	char line[8];

	return !kd_marks_line(paths->sys, "kernel/kexec_crash_loaded", line, sizeof(line), NULL) &&
	       !strcmp(line, "1");
}

bool kd_load_is_of_this_boot(const struct kd_paths *paths, const struct kd_load_record *record)
{
	char boot_id[64];

	return !kd_marks_boot_id(paths, boot_id, NULL) && *boot_id &&
	       !strcmp(boot_id, record->boot_id);
}

static void add_reason(struct kd_load_stale *stale, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_reason(struct kd_load_stale *stale, const char *format, ...)
{
	va_list args;

	if (stale->count == KD_STALE_REASONS)
		return;
	va_start(args, format);
	vsnprintf(stale->reasons[stale->count++], sizeof(stale->reasons[0]), format, args);
	va_end(args);
}

static void check_file(const struct kd_paths *paths, const struct kd_load_file *then,
		       enum kd_load_role role, struct kd_load_stale *stale)
{
	struct kd_load_file now = {0};
	char path[PATH_MAX];
	enum kd_status status;

	if (!then->path)
		return;
	snprintf(path, sizeof(path), "%s%s", paths->root ? paths->root : "", then->path);
	status = role == KD_ROLE_CONFIG ? kd_marks_config(paths, &now, NULL)
					: kd_marks_file(path, &now, NULL);
	if (status == KD_NOTFOUND)
		add_reason(stale, "the %s %s is gone", kd_load_role_name(role), then->path);
	else if (status)
		add_reason(stale, "the %s %s cannot be read", kd_load_role_name(role), then->path);
	else if (strcmp(now.sha256, then->sha256) != 0)
		add_reason(stale, "the %s %s has changed", kd_load_role_name(role), then->path);
	free(now.path);
}

void kd_load_check_stale(const struct kd_paths *paths, const struct kd_load_record *record,
			 struct kd_load_stale *stale)
{
	char layout[KD_SHA256_TEXT_BYTES];
	struct kd_load_file config = {0};

	*stale = (struct kd_load_stale){0};
	for (int i = 0; i < KD_ROLE_COUNT; i++)
		check_file(paths, &record->files[i], (enum kd_load_role)i, stale);
	if (!record->files[KD_ROLE_CONFIG].path && !kd_marks_config(paths, &config, NULL))
		add_reason(stale, "the configuration %s is new", paths->config);
	free(config.path);
	if (kd_marks_kernel_follows_hotplug(paths))
		return;
	stale->layout = kd_marks_layout(paths, layout, NULL) || strcmp(layout, record->layout);
	if (stale->layout)
		add_reason(stale, "the memory or the CPUs of this machine have changed");
}

static enum kd_status read_reservation(const struct kd_paths *paths, struct kd_load_state *state,
				       struct kd_err *err)
{
	struct kd_iomem iomem = {0};
	char size[32];
	enum kd_status status;

	state->supported =
		!kd_marks_line(paths->sys, "kernel/kexec_crash_size", size, sizeof(size), NULL);
	if (!state->supported)
		return KD_OK;
	state->reserved_bytes = strtoull(size, NULL, 10);
	status = kd_iomem_read(paths, &iomem, err);
	if (status)
		return status;
	kd_iomem_reservation(&iomem, &state->reservation);
	kd_iomem_deinit(&iomem);
	return KD_OK;
}

static enum kd_load_verdict judge(const struct kd_paths *paths, const struct kd_load_state *state)
{
	bool this_boot = state->has_record && kd_load_is_of_this_boot(paths, &state->record);

	if (!state->supported)
		return KD_VERDICT_UNSUPPORTED;
	if (!state->reserved_bytes)
		return KD_VERDICT_NO_RESERVATION;
	if (state->loaded && !state->ours)
		return KD_VERDICT_FOREIGN;
	if (!state->loaded && !state->has_record)
		return KD_VERDICT_NEVER_LOADED;
	if (!state->loaded && !state->record.armed)
		return KD_VERDICT_DISARMED;
	if (!state->loaded)
		return this_boot ? KD_VERDICT_LOST : KD_VERDICT_REBOOTED;
	if (state->stale.layout)
		return KD_VERDICT_LAYOUT;
	return state->stale.count ? KD_VERDICT_STALE : KD_VERDICT_READY;
}

void kd_load_state_deinit(struct kd_load_state *state)
{
	kd_load_record_deinit(&state->record);
	*state = (struct kd_load_state){0};
}

enum kd_status kd_load_state_read(const struct kd_paths *paths, struct kd_load_state *state,
				  struct kd_err *err)
{
	struct kd_load_state found = {0};
	struct kd_err problem = {0};
	enum kd_status status = read_reservation(paths, &found, err);

	if (status)
		return status;
	found.loaded = kd_load_is_loaded(paths);
	status = kd_load_record_read(paths, &found.record, &problem);
	found.has_record = !status;
	if (status && status != KD_NOTFOUND)
		memcpy(found.record_problem, problem.text, sizeof(problem.text));
	found.ours = found.has_record && found.loaded && found.record.armed &&
		     kd_load_is_of_this_boot(paths, &found.record);
	found.kernel_follows_hotplug = kd_marks_kernel_follows_hotplug(paths);
	if (found.ours)
		kd_load_check_stale(paths, &found.record, &found.stale);
	found.verdict = judge(paths, &found);
	*state = found;
	return KD_OK;
}
