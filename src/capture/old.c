/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/old.h"

#include <errno.h>
#include <sys/resource.h>

#include "capture/console.h"
#include "host/system.h"
#include "kernel/log.h"

/* Small windows for the small parts. */
enum { SMALL_WINDOW_BYTES = 256 << 10 };

enum kd_status kd_old_open(const struct kd_capture *capture, struct kd_old *old, struct kd_err *err)
{
	const struct kd_dump_options options = {.window_bytes = SMALL_WINDOW_BYTES};
	enum kd_status status;

	*old = (struct kd_old){NULL, NULL, NULL};
	status = kd_dump_open(capture->vmcore, &options, &old->dump, err);
	if (!status)
		status = kd_kernel_open(old->dump, &old->kernel, err);
	if (status) {
		kd_old_close(old);
		*old = (struct kd_old){NULL, NULL, NULL};
	}
	return status;
}

void kd_old_close(struct kd_old *old)
{
	kd_report_free(old->report);
	kd_kernel_close(old->kernel);
	kd_dump_close(old->dump);
}

enum kd_status kd_old_report(struct kd_capture *capture, struct kd_old *old, bool deep,
			     struct kd_err *err)
{
	const struct rlimit limit = {KD_REPORT_MEMORY, KD_REPORT_MEMORY};
	uint64_t available_kib = capture->memory_lowest_kib;

	if (!deep)
		return kd_report_make(old->kernel, false, &old->report, err);
	if (available_kib && available_kib <= KD_REPORT_FREE >> 10) {
		kd_say(capture, "report: %llu MiB are free, too little for symbols and stacks",
		       (unsigned long long)available_kib >> 10);
		deep = false;
	}
	/* whatever a damaged kernel's tables ask for: an error here, and not the end of the second kernel */
	setrlimit(RLIMIT_DATA, &limit);
	return kd_report_make(old->kernel, deep, &old->report, err);
}

static enum kd_status write_piece(void *opaque, const char *piece, size_t bytes, struct kd_err *err)
{
	if (fwrite(piece, 1, bytes, opaque) != bytes)
		return kd_fail_errno(err, errno, "kernel log");
	return KD_OK;
}

static bool write_record(void *opaque, const struct kd_klog_record *record)
{
	return !kd_klog_print(record, write_piece, opaque, NULL);
}

enum kd_status kd_old_write_log(const struct kd_old *old, FILE *stream, struct kd_err *err)
{
	struct kd_klog_summary summary;

	return kd_klog_each(old->kernel, write_record, stream, &summary, err);
}
