/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/capture.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "host/system.h"

struct kd_capture *kd_capture_new(void)
{
	struct kd_capture *capture = mmap(NULL, sizeof(*capture), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (capture == MAP_FAILED)
		return NULL;
	capture->started_ns = kd_monotonic_ns();
	capture->capture_time_s = (uint64_t)time(NULL);
	snprintf(capture->vmcore, sizeof(capture->vmcore), "/proc/vmcore");
	snprintf(capture->release, sizeof(capture->release), "unknown");
	return capture;
}

static void copy_text(char to[], size_t bytes, const char *from)
{
	snprintf(to, bytes, "%s", from ? from : "");
}

static void take_target(struct kd_capture_target *target, const struct kd_config_target *config)
{
	copy_text(target->name, sizeof(target->name), config->name);
	copy_text(target->device, sizeof(target->device), config->device);
	copy_text(target->path, sizeof(target->path), config->path);
	copy_text(target->options, sizeof(target->options), config->options);
	target->type = config->type;
}

void kd_capture_configure(struct kd_capture *capture, const struct kd_config *config)
{
	for (unsigned int i = 0; i < config->target_count; i++)
		take_target(&capture->targets[i], &config->targets[i]);
	capture->target_count = config->target_count;
	kd_capture_use_target(capture, 0);
	copy_text(capture->configured_host, sizeof(capture->configured_host), config->host);
	copy_text(capture->codec, sizeof(capture->codec), config->dump_codec);
	copy_text(capture->hook_before, sizeof(capture->hook_before), config->hook_before);
	copy_text(capture->hook_after, sizeof(capture->hook_after), config->hook_after);
	capture->hook_timeout_s = config->hook_timeout_s;
	capture->level_count = kd_config_levels(config->dump_levels, capture->levels);
	capture->format = config->dump_format;
	capture->keep.count = config->keep_count;
	capture->keep.days = config->keep_days;
	kd_config_bytes(config->keep_free, &capture->keep.free_bytes);
	capture->final_action = config->final_action;
	capture->failure_action = config->failure_action;
	capture->device_timeout_s = config->device_timeout_s;
	capture->rescue_timeout_s = config->rescue_timeout_s;
	capture->step_timeout_s = config->step_timeout_s;
	capture->dump_timeout_s = config->dump_timeout_s;
}

void kd_capture_use_target(struct kd_capture *capture, unsigned int number)
{
	const struct kd_capture_target *target = &capture->targets[number];

	capture->target = number;
	copy_text(capture->device, sizeof(capture->device), target->device);
	copy_text(capture->target_path, sizeof(capture->target_path), target->path);
	copy_text(capture->target_options, sizeof(capture->target_options), target->options);
	capture->target_type = target->type;
	capture->target_ready = capture->begun = false;
	*capture->node = *capture->folder = '\0';
	memset(capture->parts, 0, sizeof(capture->parts));
	capture->part_count = 0;
	capture->saved = (struct kd_save_result){0};
	capture->dump_tried = capture->dump_whole = capture->has_digest = false;
}
