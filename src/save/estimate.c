/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/system.h"
#include "save/job.h"
#include "save/sample.h"

struct estimate {
	struct kd_job job; /* first: sweeps give it to take() */
	struct kd_sample sample;
};

static enum kd_status take_window(void *opaque, struct kd_window *window, struct kd_err *err)
{
	struct estimate *estimate = opaque;

	kd_job_count(&estimate->job, window);
	kd_sample_add(&estimate->sample, window);
	return kd_job_go_on(&estimate->job, 0, err);
}

enum kd_status kd_save_estimate(struct kd_dump *dump, struct kd_kernel *kernel,
				const struct kd_save_options *options,
				struct kd_save_result *result, struct kd_err *err)
{
	struct estimate estimate = {.sample = {.count = 0}};
	struct kd_job *job = &estimate.job;
	uint64_t start = kd_monotonic_ns();
	enum kd_status status =
		kd_job_open(job, dump, kernel, options, options->sample, false, result, err);

	kd_job_exclude(job, options->exclude[0]);
	if (!status)
		status = kd_job_sweep(job, take_window, 0, false, err);
	result->plan_ns = kd_monotonic_ns() - start;
	if (!status && options->sample) {
		job->sweep.windows[0].out = job->sweep.room;
		kd_sample_expect(&estimate.sample, &job->hands[0].judge, &job->hands[0].packer,
				 &job->sweep.windows[0], result);
	}
	kd_job_close(job);
	return status;
}
