/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/refresh.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "advise/exam_target.h"
#include "host/file.h"
#include "load/image_contents.h"
#include "load/marks.h"
#include "load/state.h"
#include "setup/services.h"

enum { IMAGE_LIMIT_BYTES = 1 << 30, HOTPLUG_ROUNDS = 3, CONFIG_ROUNDS = 3 };

const char *kd_refresh_image_path(const struct kd_paths *paths, const char *version,
				  char path[PATH_MAX])
{
	return kd_path(path, paths->state, "initrd-%s", version);
}

/* Whether the image that is there was made for this target, as far as a device that is away can be compared. */
static bool is_meant(const struct kd_config_target *configured, const struct kd_config_target *then)
{
	return then && (!configured->device || !strncmp(configured->device, "/dev/", 5) ||
			(then->device && !strcmp(configured->device, then->device)));
}

/*
 * At boot, and whenever a cable is pulled, a target may not be there yet, or not be mounted: an image made now
 * would do without it for good. That is told by a warning, and the image that has it stays.
 */
static bool is_better(const struct kd_image_contents *there, const struct kd_config *config,
		      const struct kd_initramfs *made, const struct kd_initramfs_request *request)
{
	bool better = false;

	for (unsigned int i = 0; i < config->target_count; i++) {
		const struct kd_config_target *target = &config->targets[i], *now;
		const struct kd_config_target *then = kd_image_target(&there->config, target->name);
		struct kd_exam_target look;

		now = kd_image_target(kd_initramfs_config(made), target->name);
		if (!is_meant(target, then) || (now && kd_image_targets_equal(now, then)))
			continue;
		kd_exam_target_look(request->paths, target, &look);
		if (!look.found || *look.not_mounted) {
			kd_log(request->log, KD_LOG_WARNING,
			       "[%s] is away (%s%s): the initramfs that has it stays", look.section,
			       *look.not_mounted ? "not mounted: " : look.problem,
			       look.not_mounted);
			better = true;
		}
		kd_exam_target_deinit(&look);
	}
	return better;
}

enum kd_status kd_refresh_make(const struct kd_initramfs_request *request,
			       struct kd_initramfs **image, enum kd_refresh_verdict *verdict,
			       struct kd_err *err)
{
	struct kd_image_contents there = {0};
	KD_CLEANUP_FREE char *now = NULL;
	char path[PATH_MAX];
	size_t bytes = 0;
	enum kd_status status = kd_initramfs_make(request, image, err);

	if (status)
		return status;
	kd_refresh_image_path(request->paths, request->kernel_version, path);
	/* What cannot be read is replaced. */
	*verdict = kd_file_read(path, IMAGE_LIMIT_BYTES, &now, &bytes, NULL) ||
				   bytes != kd_initramfs_bytes(*image) ||
				   memcmp(now, kd_initramfs_data(*image), bytes)
			   ? KD_REFRESH_CHANGED
			   : KD_REFRESH_SAME;
	if (*verdict == KD_REFRESH_SAME || kd_image_contents_read(path, &there, NULL))
		return KD_OK;
	if (there.is_ours && is_better(&there, request->config, *image, request))
		*verdict = KD_REFRESH_KEPT;
	kd_image_contents_deinit(&there);
	return KD_OK;
}

enum kd_status kd_refresh_image(const struct kd_initramfs_request *request,
				enum kd_refresh_verdict *verdict, struct kd_err *err)
{
	struct kd_initramfs *image = NULL;
	char path[PATH_MAX];
	enum kd_refresh_verdict found = KD_REFRESH_SAME;
	enum kd_status status = kd_refresh_make(request, &image, &found, err);

	if (!status && found == KD_REFRESH_CHANGED)
		status = kd_make_folders(request->paths->state, 0755, err);
	if (!status && found == KD_REFRESH_CHANGED)
		status = kd_initramfs_write(
			image, kd_refresh_image_path(request->paths, request->kernel_version, path),
			err);
	kd_initramfs_free(image);
	if (!status)
		*verdict = found;
	return status;
}

static enum kd_status load_once(const struct kd_switch *machine, struct kd_switch_result *result,
				struct kd_err *err)
{
	struct kd_load_arguments first = {.reuse_command_line = true};
	enum kd_status status = kd_switch_arm(machine, result, err);

	/* A record that cannot be read is as good as none. */
	if (status == KD_NOTFOUND || status == KD_CORRUPT || status == KD_UNSUPPORTED) {
		struct kd_load_record record = {0};

		if (!kd_load_record_read(machine->paths, &record, NULL)) {
			kd_load_record_deinit(&record);
			return status;
		}
		status = kd_switch_load(machine, &first, result, err);
	}
	return status;
}

static bool layout_changed(const struct kd_paths *paths)
{
	struct kd_load_state state = {0};
	bool changed;

	if (kd_load_state_read(paths, &state, NULL))
		return false;
	changed = state.verdict == KD_VERDICT_LAYOUT;
	kd_load_state_deinit(&state);
	return changed;
}

enum kd_status kd_refresh_load(const struct kd_switch *machine, struct kd_switch_result *result,
			       struct kd_err *err)
{
	bool changed = false;

	for (int round = 0; round < HOTPLUG_ROUNDS; round++) {
		struct kd_switch_result now = {0};
		enum kd_status status = load_once(machine, &now, err);

		if (status)
			return status;
		changed |= now.changed;
		if (round + 1 < HOTPLUG_ROUNDS && layout_changed(machine->paths)) {
			kd_switch_result_deinit(&now);
			continue;
		}
		*result = now;
		result->changed = changed;
		break;
	}
	return KD_OK;
}

/* Whether what would be loaded has an initramfs that can be unpacked, or does without one on purpose. */
static enum kd_status check_image(const struct kd_paths *paths, struct kd_err *err)
{
	struct kd_image_contents contents = {0};
	struct kd_load_record record = {0};
	char release[65], path[PATH_MAX] = "";
	enum kd_status status = kd_marks_release(paths, release, err);

	if (status)
		return status;
	kd_refresh_image_path(paths, release, path);
	if (!kd_load_record_read(paths, &record, NULL)) {
		if (record.arguments.no_initrd)
			*path = '\0';
		else if (record.arguments.initrd)
			snprintf(path, sizeof(path), "%s%s", paths->root ? paths->root : "",
				 record.arguments.initrd);
		kd_load_record_deinit(&record);
	}
	if (*path)
		status = kd_image_contents_read(path, &contents, err);
	kd_image_contents_deinit(&contents);
	return status;
}

/* The configuration's digest, "" where it cannot be read. */
static void mark_config(const struct kd_paths *paths, char digest[KD_SHA256_TEXT_BYTES])
{
	struct kd_load_file file = {0};

	*digest = '\0';
	if (!kd_marks_config(paths, &file, NULL))
		memcpy(digest, file.sha256, KD_SHA256_TEXT_BYTES);
	free(file.path);
}

static enum kd_status refresh_once(const struct kd_switch *machine,
				   const struct kd_refresh_maker *maker,
				   struct kd_switch_result *result, struct kd_err *err)
{
	struct kd_err why = {KD_OK, ""};
	enum kd_status failed = maker->make(maker->opaque, err), status;

	/* An image of yesterday writes a dump; none does not. */
	if (failed && check_image(machine->paths, &why))
		return failed;
	status = kd_refresh_load(machine, result, failed ? &why : err);
	if (status && failed)
		return kd_fail(err, failed, "%s; nor could the one that is there be loaded: %s",
			       err->text, why.text);
	return failed ? failed : status;
}

enum kd_status kd_refresh_all(const struct kd_switch *machine, const struct kd_refresh_maker *maker,
			      struct kd_switch_result *result, struct kd_err *err)
{
	char before[KD_SHA256_TEXT_BYTES], after[KD_SHA256_TEXT_BYTES];
	bool changed = false;
	enum kd_status status;

	mark_config(machine->paths, after);
	for (int round = 0; round < CONFIG_ROUNDS; round++) {
		struct kd_switch_result now = {0};

		memcpy(before, after, sizeof(before));
		status = refresh_once(machine, maker, &now, err);
		changed |= now.changed;
		kd_switch_result_deinit(result);
		*result = now;
		result->changed = changed;
		mark_config(machine->paths, after);
		if (!strcmp(before, after))
			break;
	}
	return status;
}

bool kd_refresh_is_wanted(const struct kd_paths *paths, const char *version)
{
	char path[PATH_MAX];

	return kd_refresh_is_armed(paths) || kd_services_are_enabled(paths) ||
	       !access(kd_refresh_image_path(paths, version, path), F_OK);
}

bool kd_refresh_is_armed(const struct kd_paths *paths)
{
	struct kd_load_record record = {0};
	bool armed;

	if (kd_load_record_read(paths, &record, NULL))
		return false;
	armed = record.armed;
	kd_load_record_deinit(&record);
	return armed;
}
