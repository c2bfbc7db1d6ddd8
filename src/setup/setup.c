/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order matters: first what can fail because of this machine (target, kernel), then what
 * changes it, and what depends on files after the files.
 */
#include "setup/setup.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "load/command_line.h"
#include "load/marks.h"
#include "load/state.h"
#include "setup/boot_parameter.h"
#include "setup/refresh.h"
#include "setup/reservation.h"
#include "setup/services.h"

/* Everything that one run of the set-up works with. */
struct setup {
	const struct kd_setup_request *request;
	struct kd_setup_plan *plan;
	struct kd_setup_found *found;
	struct kd_config config;
	struct kd_initramfs *image;
	bool image_changed;
};

/*
 * What is asked for goes into files that a shell and a boot loader read: nothing but what such values are
 * made of.
 */
static enum kd_status check_request(const struct kd_setup_request *request, struct kd_err *err)
{
	static const char size[] = "0123456789abcdefABCDEFxKMGkmghilow,:-@";

	if (request->crashkernel &&
	    (!*request->crashkernel || request->crashkernel[strspn(request->crashkernel, size)] ||
	     strlen(request->crashkernel) > 96))
		return kd_fail(err, KD_INVALID, "--crashkernel %s: not a size such as 192M",
			       request->crashkernel);
	if (request->target && strpbrk(request->target, "\n\r"))
		return kd_fail(err, KD_INVALID, "--target: a device has a name of one line");
	return KD_OK;
}

static enum kd_status read_config(struct setup *self, struct kd_err *err)
{
	enum kd_status status = kd_config_read(&self->config, self->request->paths->config, err);

	/* The defaults do without a file. */
	if (status == KD_NOTFOUND)
		status = KD_OK;
	if (!status && self->request->target)
		status = kd_config_set(&self->config, "target", "device", self->request->target,
				       err);
	return status;
}

/* A target that was given goes to a file of ours, and leaves the administrator's alone. */
static void plan_config(struct setup *self)
{
	char text[512];

	if (!self->request->target)
		return;
	snprintf(text, sizeof(text),
		 "# Written by `kdump setup --target`; `kdump setup --remove` deletes it.\n"
		 "[target]\ndevice = %s\n",
		 self->request->target);
	kd_setup_write_text(self->plan, KD_SETUP_DROP_IN, text, "the target that was named");
}

/* Of the image, with the boot file system as the last one where it is the fallback. */
static void describe_targets(struct setup *self)
{
	const struct kd_config *config = kd_initramfs_config(self->image);
	const struct kd_targets *targets = kd_initramfs_targets(self->image);
	struct kd_setup_found *found = self->found;

	for (unsigned int i = 0; i < config->target_count; i++) {
		const struct kd_config_target *target = &config->targets[i];
		char section[64] = "";

		if (*target->name)
			kd_config_target_section(target, section, sizeof(section));
		snprintf(found->targets[i], sizeof(found->targets[i]), "%s%s%s%s (%s), %s",
			 *section ? "[" : "", section, *section ? "] " : "", target->device,
			 targets->items[i].block, kd_target_type_name(target->type));
	}
	found->target_count = config->target_count;
}

static enum kd_status make_image(struct setup *self, struct kd_err *err)
{
	struct kd_initramfs_request request = {
		.paths = self->request->paths,
		.kernel_version = self->found->release,
		.programs = self->request->programs,
		.config = &self->config,
		.log = self->request->log,
	};
	enum kd_refresh_verdict verdict = KD_REFRESH_SAME;
	enum kd_status status = kd_refresh_make(&request, &self->image, &verdict, err);

	self->image_changed = verdict == KD_REFRESH_CHANGED;
	self->found->target_failed = status != KD_OK;
	if (!status)
		describe_targets(self);
	return status;
}

static void plan_image(struct setup *self)
{
	char path[PATH_MAX];

	if (self->image_changed)
		kd_setup_write_data(
			self->plan,
			kd_path(path, KD_SETUP_STATE, "initrd-%s", self->found->release),
			kd_initramfs_data(self->image), (size_t)kd_initramfs_bytes(self->image),
			"the second kernel's initramfs: %s", self->found->targets[0]);
}

/*
 * The word that this machine is to boot with, "" when it reserves enough without one of ours. What is
 * written already and large enough stays, so that an estimate that moves a little changes nothing.
 */
static void choose_parameter(struct setup *self)
{
	struct kd_setup_found *found = self->found;
	KD_CLEANUP_FREE char *ours = kd_boot_parameter_ours(self->plan);
	uint64_t ours_bytes = ours ? kd_boot_parameter_bytes(ours) : 0;

	if (self->request->crashkernel)
		snprintf(found->parameter, sizeof(found->parameter), "crashkernel=%s",
			 self->request->crashkernel);
	else if (ours && (!ours_bytes || ours_bytes >= found->needed_bytes))
		snprintf(found->parameter, sizeof(found->parameter), "%s", ours);
	else if (!ours && found->reserved_bytes >= found->needed_bytes)
		found->parameter[0] = '\0';
	else
		snprintf(found->parameter, sizeof(found->parameter), "crashkernel=%" PRIu64 "M",
			 kd_setup_reservation_bytes(found->needed_bytes) >> 20);
}

/* Whether the running kernel was booted with the word as the crashkernel= that counts. */
static bool is_booted_with(struct kd_setup_plan *plan, const char *word)
{
	KD_CLEANUP_FREE char *line = kd_setup_read(plan, "/proc/cmdline");
	const char *counts, *value = strchr(word, '=');
	size_t length;

	counts = line ? kd_crashkernel_of(line, &length) : NULL;
	return counts && value && strlen(value + 1) == length &&
	       !strncmp(counts, value + 1, length);
}

static void plan_reservation(struct setup *self)
{
	struct kd_setup_found *found = self->found;

	choose_parameter(self);
	if (!*found->parameter)
		return;
	found->boot_loader = kd_boot_parameter_set(self->plan, found->parameter);
	if (is_booted_with(self->plan, found->parameter))
		return;
	/* A kernel that reserves enough by another word need not be told at once. */
	found->left = found->boot_loader ? KD_SETUP_REBOOT : KD_SETUP_ADD_PARAMETER;
}

/* Where memory is reserved, even less than is needed: a dump that may fail is better than none. */
static void plan_load(struct setup *self, const struct kd_load_state *state)
{
	bool ready = state->verdict == KD_VERDICT_READY && !self->image_changed;

	if (state->reserved_bytes && !ready)
		kd_setup_load(self->plan, KD_SETUP_LOAD, "a panic starts it from now on");
}

static enum kd_status plan_all(struct setup *self, const struct kd_load_state *state,
			       struct kd_err *err)
{
	enum kd_status status = read_config(self, err);

	if (!status)
		status = make_image(self, err);
	if (!status)
		status = kd_setup_estimate(self->request->paths, self->found->release, self->image,
					   &self->config, &self->found->needed_bytes, err);
	if (status)
		return status;
	plan_config(self);
	plan_reservation(self);
	plan_image(self);
	plan_load(self, state);
	kd_services_enable(self->plan, state->reserved_bytes != 0);
	if (self->plan->broken.status)
		*err = self->plan->broken;
	return self->plan->broken.status;
}

enum kd_status kd_setup_plan_all(const struct kd_setup_request *request, struct kd_setup_plan *plan,
				 struct kd_setup_found *found, struct kd_err *err)
{
	struct setup self = {.request = request, .plan = plan, .found = found};
	struct kd_load_state state = {0};
	enum kd_status status;

	*found = (struct kd_setup_found){0};
	kd_setup_plan_init(plan, request->paths);
	status = check_request(request, err);
	if (!status)
		status = kd_marks_release(request->paths, found->release, err);
	if (!status)
		status = kd_load_state_read(request->paths, &state, err);
	if (!status && !state.supported)
		status = kd_fail(err, KD_UNSUPPORTED,
				 "the running kernel cannot load a crash kernel: it takes one with "
				 "CONFIG_KEXEC and CONFIG_CRASH_DUMP");
	if (!status)
		status = kd_config_init(&self.config, err);
	if (!status) {
		found->reserved_bytes = state.reserved_bytes;
		status = plan_all(&self, &state, err);
		kd_config_deinit(&self.config);
	}
	kd_initramfs_free(self.image);
	kd_load_state_deinit(&state);
	return status;
}
