/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/targets.h"

#include <stdio.h>
#include <string.h>

const char *const kd_fallback_folders[KD_FALLBACK_FOLDERS] = {"/var/crash", "/crash"};

static enum kd_status try_target(const struct kd_paths *paths,
				 const struct kd_config_target *config, const struct kd_log *log,
				 const struct kd_target_check *check, struct kd_target *target,
				 struct kd_err *err)
{
	enum kd_status status = kd_target_find(paths, config, log, target, err);

	if (status)
		return status;
	status = check->check(check->opaque, target, err);
	if (status)
		kd_target_deinit(target);
	return status;
}

static bool is_among(const struct kd_targets *targets, const char *block)
{
	for (unsigned int i = 0; i < targets->count; i++)
		if (!strcmp(targets->items[i].block, block))
			return true;
	return false;
}

/* The file system at / of the running system, as a target like any other. */
static enum kd_status find_boot(const struct kd_paths *paths, struct kd_config *scratch,
				const char *name, struct kd_target *found, struct kd_err *err)
{
	struct kd_config_target *config = kd_config_add_target(scratch, name, err);
	enum kd_status status =
		config ? kd_config_target_set(config, "path", "/", err) : KD_INVALID;
	struct kd_target root;

	if (!status)
		status = kd_target_find(paths, config, NULL, &root, err);
	if (status)
		return status;
	for (size_t i = 0; i < KD_FALLBACK_FOLDERS; i++) {
		status = kd_config_target_set(config, "path", kd_fallback_folders[i], err);
		if (!status)
			status = kd_target_find(paths, config, NULL, found, err);
		if (!status && !strcmp(found->block, root.block))
			break;
		if (!status)
			kd_target_deinit(found);
		status = kd_fail(err, KD_UNSUPPORTED, "something else is mounted at %s",
				 kd_fallback_folders[i]);
	}
	kd_target_deinit(&root);
	return status;
}

static void add_fallback(const struct kd_paths *paths, const struct kd_log *log,
			 const struct kd_target_check *check, struct kd_targets *targets)
{
	struct kd_config scratch = {0};
	struct kd_target *target = &targets->items[targets->count];
	struct kd_err why = {KD_OK, ""};
	const char *name = "boot";
	enum kd_status status;

	if (targets->count == KD_CONFIG_TARGETS)
		return;
	for (unsigned int i = 0; i < targets->count; i++)
		if (!strcmp(targets->items[i].config.name, name))
			name = "boot-file-system";
	status = find_boot(paths, &scratch, name, target, &why);
	if (!status && is_among(targets, target->block)) {
		kd_target_deinit(target);
	} else if (!status) {
		status = check->check(check->opaque, target, &why);
		if (status)
			kd_target_deinit(target);
		else
			targets->count++;
	}
	if (status)
		kd_log(log, KD_LOG_INFO, "the boot file system cannot be the last resort: %s",
		       why.text);
	kd_config_deinit(&scratch);
}

enum kd_status kd_targets_find(const struct kd_paths *paths, const struct kd_config *config,
			       const struct kd_log *log, const struct kd_target_check *check,
			       struct kd_targets *targets, struct kd_err *err)
{
	struct kd_targets found = {.count = 0};
	struct kd_err first = {KD_OK, ""}, why;

	for (unsigned int i = 0; i < config->target_count; i++) {
		const struct kd_config_target *target = &config->targets[i];
		char section[64];

		if (!try_target(paths, target, log, check, &found.items[found.count], &why)) {
			found.count++;
			continue;
		}
		if (!first.status)
			first = why;
		if (config->target_count > 1)
			kd_log(log, KD_LOG_WARNING, "[%s] is left out: %s",
			       kd_config_target_section(target, section, sizeof(section)),
			       why.text);
	}
	if (!found.count)
		return kd_fail(err, first.status, "%s", first.text);
	if (config->fallback == KD_FALLBACK_BOOT)
		add_fallback(paths, log, check, &found);
	*targets = found;
	return KD_OK;
}

void kd_targets_deinit(struct kd_targets *targets)
{
	for (unsigned int i = 0; i < targets->count; i++)
		kd_target_deinit(&targets->items[i]);
	targets->count = 0;
}
