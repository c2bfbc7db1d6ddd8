/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/prepare.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advise/doctor.h"
#include "advise/exam.h"
#include "host/file.h"
#include "host/system.h"
#include "load/command_line.h"
#include "load/defaults.h"
#include "load/kconfig.h"
#include "load/marks.h"
#include "load/needs.h"
#include "rehearse/controllers.h"
#include "rehearse/first_image.h"

enum { KERNEL_BYTES_MAX = 1 << 30, MODE = 0600 };

/* Findings that are no problem for a dump, but for the claim that what was rehearsed is what would start. */
static const char *const telling[] = {"stale", "image-modules", "image-targets",
				      "image-configuration"};

static bool is_telling(const struct kd_finding *finding)
{
	for (size_t i = 0; i < sizeof(telling) / sizeof(*telling); i++)
		if (!strcmp(finding->check, telling[i]))
			return finding->result >= KD_RESULT_WARNING;
	return finding->result == KD_RESULT_PROBLEM;
}

static void note_known(const struct kd_exam *exam, struct kd_rehearsal *rehearsal)
{
	struct kd_diagnosis diagnosis;

	kd_diagnose(exam, &diagnosis);
	for (size_t i = 0; i < diagnosis.count; i++)
		if (is_telling(&diagnosis.findings[i]))
			kd_rehearsal_note(rehearsal->known, &rehearsal->known_count, "%s: %s",
					  diagnosis.findings[i].check,
					  diagnosis.findings[i].sentence);
}

/* Parameters of the loaded line that belong to that load and that machine: loading in the guest adds its own. */
static char *line_for_guest(const char *line)
{
	static const char *const of_the_load[] = {
		"elfcorehdr=", "acpi_rsdp=", "disable_cpu_apicid="};
	char *copy = calloc(1, strlen(line) + 1), *end = copy;

	while (copy && *(line += strspn(line, " "))) {
		size_t length = 0;
		bool quoted = false, drop = false;

		for (; line[length] && (quoted || line[length] != ' '); length++)
			quoted ^= line[length] == '"';
		for (size_t i = 0; i < sizeof(of_the_load) / sizeof(*of_the_load); i++)
			drop |= !strncmp(line, of_the_load[i], strlen(of_the_load[i]));
		if (!drop)
			end += sprintf(end, "%s%.*s", end == copy ? "" : " ", (int)length, line);
		line += length;
	}
	return copy;
}

/* What the second kernel is: its files, borrowed from either, and how it is loaded. */
struct second {
	const char *kernel, *initrd;
	struct kd_load_resolved resolved;
	bool is_resolved;
};

static enum kd_status take_loaded(const struct kd_load_record *record, struct second *second,
				  struct kd_rehearsal *rehearsal, struct kd_err *err)
{
	second->kernel = record->files[KD_ROLE_KERNEL].path;
	second->initrd = record->files[KD_ROLE_INITRD].path;
	rehearsal->method = record->method;
	rehearsal->backup = record->backup;
	rehearsal->command_line = line_for_guest(record->command_line ? record->command_line : "");
	return rehearsal->command_line ? KD_OK : kd_fail(err, KD_NOMEM, "no memory");
}

/* Nothing is loaded: what `kdump load` would take. */
static enum kd_status take_default(const struct kd_rehearse_request *request, struct second *second,
				   struct kd_rehearsal *rehearsal, struct kd_err *err)
{
	const struct kd_load_arguments arguments = {.reuse_command_line = true};
	const struct kd_command_line_needs needs = {.limit_bytes = 0};
	enum kd_status status =
		kd_load_resolve(request->paths, &arguments, request->log, &second->resolved, err);

	if (status)
		return status;
	second->is_resolved = true;
	second->kernel = second->resolved.kernel;
	second->initrd = second->resolved.initrd;
	rehearsal->method = KD_LOAD_SEGMENTS;
	return kd_command_line_make(&second->resolved.request, &needs, &rehearsal->command_line,
				    err);
}

static enum kd_status take_second(const struct kd_rehearse_request *request,
				  const struct kd_exam *exam, struct second *second,
				  struct kd_rehearsal *rehearsal, struct kd_err *err)
{
	enum kd_status status = exam->state.ours
					? take_loaded(&exam->state.record, second, rehearsal, err)
					: take_default(request, second, rehearsal, err);

	if (!status && !second->initrd)
		status = kd_fail(err, KD_UNSUPPORTED,
				 "a second kernel without an initramfs cannot be rehearsed");
	rehearsal->reserved_bytes = exam->state.reserved_bytes;
	if (!status && !rehearsal->reserved_bytes)
		status = kd_fail(err, KD_NOTFOUND, "no memory is reserved for a second kernel");
	return status;
}

static bool copy_text(char *to, size_t bytes, const char *from)
{
	return from && (size_t)snprintf(to, bytes, "%s", from) < bytes;
}

/* The volume that the target lies on, when that is all that it is made of; false for what nothing can stand in for. */
static bool take_volume(const struct kd_stack *stack, struct kd_rehearsal *rehearsal)
{
	static const char word[] = "lvm ";

	if (!stack->assembly.count)
		return true;
	return stack->assembly.count == 1 &&
	       !strncmp(stack->assembly.items[0], word, strlen(word)) &&
	       copy_text(rehearsal->volume, sizeof(rehearsal->volume),
			 stack->assembly.items[0] + strlen(word));
}

/* The subvolume that the options name; false when they do so by its number. */
static bool take_subvolume(const char *options, struct kd_rehearsal *rehearsal)
{
	static const char word[] = "subvol=";
	const char *at = strstr(options, word);
	char name[PATH_MAX];

	if (!at)
		return !strstr(options, "subvol");
	at += strlen(word);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ","), at);
	return copy_text(rehearsal->subvolume, sizeof(rehearsal->subvolume), name);
}

/* The first target, as a disk that can be made. */
static enum kd_status take_target(const struct kd_rehearse_request *request,
				  const struct kd_exam *exam, struct kd_rehearsal *rehearsal,
				  struct kd_err *err)
{
	const struct kd_exam_target *found = &exam->targets[0];
	const struct kd_config_target *config = &found->target.config;
	const struct kd_stack *stack = &found->target.stack;

	if (!found->found)
		return kd_fail(err, KD_NOTFOUND, "%s", found->problem);
	if (!take_volume(stack, rehearsal))
		return kd_fail(err, KD_UNSUPPORTED,
			       "nothing can stand in for a target on software RAID yet");
	if (!copy_text(rehearsal->device, sizeof(rehearsal->device), config->device) ||
	    !copy_text(rehearsal->path, sizeof(rehearsal->path), config->path))
		return kd_fail(err, KD_UNSUPPORTED, "%s: a name that is too long", config->path);
	rehearsal->type = config->type;
	if (config->type == KD_TARGET_RAW ? *rehearsal->volume || !kd_rehearsal_partition(rehearsal)
					  : strncmp(config->device, "UUID=", strlen("UUID=")) != 0)
		return kd_fail(err, KD_UNSUPPORTED,
			       "nothing can stand in for %s yet, only for file systems with a UUID "
			       "and for raw partitions with a PARTUUID",
			       config->device);
	if (!take_subvolume(config->options, rehearsal))
		return kd_fail(err, KD_UNSUPPORTED,
			       "nothing can stand in for a btrfs subvolume without its name yet");
	rehearsal->free_bytes = found->free_known ? found->free_bytes : INT64_MAX;
	rehearsal->read_only = found->device_read_only;
	kd_controller_of(request->paths,
			 stack->disks.count ? stack->disks.items[0] : found->target.block,
			 rehearsal->controller, sizeof(rehearsal->controller));
	return KD_OK;
}

/* The modules that the guest's first kernel needs for the stand-in: of its controller and its file system. */
static enum kd_status want_modules(const struct kd_rehearse_request *request,
				   const struct kd_exam *exam, const char *names,
				   struct kd_modules *modules, const char *release,
				   struct kd_err *err)
{
	struct kd_kconfig kconfig = {0};
	char name[64];
	int length;
	enum kd_status status = KD_OK;

	for (; !status && sscanf(names, " %63s%n", name, &length) == 1; names += length) {
		bool found;

		status = kd_modules_want(modules, name, &found, err);
	}
	if (!status)
		status = kd_kconfig_read(request->paths, release, &kconfig, err);
	if (!status)
		status = kd_need_modules(request->paths, release, &exam->targets[0].target,
					 &kconfig, modules, err);
	kd_kconfig_deinit(&kconfig);
	return status;
}

static void note_unproven(const struct kd_rehearsal *rehearsal, bool stands_in,
			  struct kd_rehearsal *to)
{
	if (stands_in)
		kd_rehearsal_note(to->unproven, &to->unproven_count,
				  "the driver of the target's controller (%s): QEMU has no such "
				  "controller, virtio stood in for it",
				  *rehearsal->controller ? rehearsal->controller : "not known");
	else
		kd_rehearsal_note(to->unproven, &to->unproven_count,
				  "the target's real controller: its driver (%s) met QEMU's",
				  rehearsal->controller);
	if (*rehearsal->volume)
		kd_rehearsal_note(to->unproven, &to->unproven_count,
				  "the other disks and volumes of the group of %s: one of the same "
				  "names on one disk stood in for it",
				  rehearsal->volume);
	kd_rehearsal_note(to->unproven, &to->unproven_count,
			  "that other devices of this machine come through the crash quietly");
	kd_rehearsal_note(to->unproven, &to->unproven_count,
			  "what grows with this machine's memory and CPUs: `kdump estimate`");
}

static enum kd_status write_files(const struct kd_rehearse_request *request,
				  const struct kd_exam *exam, const struct second *second,
				  struct kd_rehearsal *rehearsal, struct kd_err *err)
{
	const struct kd_controller *controller = kd_controller_find(rehearsal->controller);
	bool stands_in = !controller;
	struct kd_modules *modules = NULL;
	char path[PATH_MAX];
	KD_CLEANUP_FREE char *kernel = NULL;
	size_t bytes;
	enum kd_status status = kd_modules_open(request->paths, rehearsal->release, &modules, err);

	controller = controller ? controller : &kd_controller_virtio;
	if (!status)
		status = want_modules(request, exam, controller->modules, modules,
				      rehearsal->release, err);
	note_unproven(rehearsal, stands_in, rehearsal);
	if (!status) {
		const struct kd_first_image image = {
			.paths = request->paths,
			.program = request->program,
			.reader = request->reader,
			.kernel = second->kernel,
			.initrd = second->initrd,
			.modules = kd_modules_files(modules),
			.adds_modules = stands_in,
		};

		status = kd_first_image_write(&image, rehearsal,
					      kd_path(path, request->folder, KD_REHEARSAL_INITRD),
					      err);
	}
	kd_modules_close(modules);
	if (!status)
		status = kd_file_read(
			kd_path(path, request->paths->boot, "vmlinuz-%s", rehearsal->release),
			KERNEL_BYTES_MAX, &kernel, &bytes, err);
	if (!status)
		status = kd_file_replace(kd_path(path, request->folder, KD_REHEARSAL_KERNEL),
					 kernel, bytes, MODE, err);
	return status ? status : kd_rehearsal_write(request->folder, rehearsal, err);
}

enum kd_status kd_rehearse_prepare(const struct kd_rehearse_request *request,
				   struct kd_rehearsal *rehearsal, struct kd_err *err)
{
	struct second second = {0};
	struct kd_exam exam;
	enum kd_status status = kd_exam_make(request->paths, true, &exam, err);

	*rehearsal = (struct kd_rehearsal){.command_line = NULL};
	if (status)
		return status;
	note_known(&exam, rehearsal);
	if (!copy_text(rehearsal->program, sizeof(rehearsal->program), request->program))
		status = kd_fail(err, KD_UNSUPPORTED, "%s: a name that is too long",
				 request->program);
	if (!status)
		status = kd_marks_release(request->paths, rehearsal->release, err);
	if (!status)
		status = take_second(request, &exam, &second, rehearsal, err);
	if (!status)
		status = take_target(request, &exam, rehearsal, err);
	if (!status)
		status = write_files(request, &exam, &second, rehearsal, err);
	if (second.is_resolved)
		kd_load_resolved_deinit(&second.resolved);
	kd_exam_deinit(&exam);
	return status;
}
