/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/capture.h"

#include <stdio.h>
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

void kd_capture_configure(struct kd_capture *capture, const struct kd_config *config)
{
	const struct {
		char *to;
		size_t bytes;
		const char *from;
	} texts[] = {
		{capture->device, sizeof(capture->device), config->targets[0].device},
		{capture->target_path, sizeof(capture->target_path), config->targets[0].path},
		{capture->target_options, sizeof(capture->target_options),
		 config->targets[0].options},
		{capture->configured_host, sizeof(capture->configured_host), config->host},
		{capture->codec, sizeof(capture->codec), config->dump_codec},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		snprintf(texts[i].to, texts[i].bytes, "%s", texts[i].from ? texts[i].from : "");
	capture->target_type = config->targets[0].type;
	capture->level_count = kd_config_levels(config->dump_levels, capture->levels);
	capture->format = config->dump_format;
	capture->keep.count = config->keep_count;
	capture->keep.days = config->keep_days;
	kd_config_bytes(config->keep_free, &capture->keep.free_bytes);
	capture->final_action = config->final_action;
	capture->failure_action = config->failure_action;
	capture->device_timeout_s = config->device_timeout_s;
	capture->step_timeout_s = config->step_timeout_s;
	capture->dump_timeout_s = config->dump_timeout_s;
}
