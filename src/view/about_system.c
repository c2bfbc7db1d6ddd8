/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log, the report and VMCOREINFO. */
#include <errno.h>

#include "host/system.h"
#include "kernel/log.h"
#include "report/report.h"
#include "view/node.h"

static enum kd_status to_stream(void *opaque, const char *piece, size_t bytes, struct kd_err *err)
{
	return fwrite(piece, 1, bytes, opaque) == bytes ? KD_OK
							: kd_fail_errno(err, errno, "a text");
}

static bool write_record(void *opaque, const struct kd_klog_record *record)
{
	return !kd_klog_print(record, to_stream, opaque, NULL);
}

enum kd_status kd_write_dmesg(struct kd_view *view, size_t subject, FILE *stream,
			      struct kd_err *err)
{
	return kd_klog_each(view->kernel, write_record, stream, NULL, err);
}

typedef enum kd_status render(const struct kd_report *report, FILE *stream, struct kd_err *err);

static enum kd_status write_report(struct kd_view *view, render *write, FILE *stream,
				   struct kd_err *err)
{
	struct kd_report *report;
	enum kd_status status = kd_report_make(view->kernel, true, &report, err);

	if (status)
		return status;
	status = write(report, stream, err);
	kd_report_free(report);
	return status;
}

enum kd_status kd_write_report_text(struct kd_view *view, size_t subject, FILE *stream,
				    struct kd_err *err)
{
	return write_report(view, kd_report_write_text, stream, err);
}

enum kd_status kd_write_report_json(struct kd_view *view, size_t subject, FILE *stream,
				    struct kd_err *err)
{
	return write_report(view, kd_report_write_json, stream, err);
}

enum kd_status kd_write_vmcoreinfo(struct kd_view *view, size_t subject, FILE *stream,
				   struct kd_err *err)
{
	size_t bytes;
	const char *text = kd_kernel_vmcoreinfo_text(view->kernel, &bytes);

	return to_stream(stream, text, bytes, err);
}
