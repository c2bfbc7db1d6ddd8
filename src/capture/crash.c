/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/crash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/console.h"
#include "capture/manifest.h"
#include "capture/store.h"
#include "dump/dump.h"
#include "host/system.h"
#include "kernel/kernel.h"
#include "kernel/log.h"
#include "report/report.h"
#include "save/elf_copy.h"

/* Small windows for the small parts; the dump's own come from its step. */
enum { SMALL_WINDOW_BYTES = 256 << 10, DUMP_WINDOW_BYTES = 4 << 20, TAIL_LINES = 60 };

/* Old memory and the kernel in it. */
struct old {
	struct kd_dump *dump;
	struct kd_kernel *kernel;
};

static void close_old(struct old *old)
{
	kd_kernel_close(old->kernel);
	kd_dump_close(old->dump);
}

static enum kd_status open_old(const struct kd_capture *capture, struct old *old,
			       struct kd_err *err)
{
	const struct kd_dump_options options = {.window_bytes = SMALL_WINDOW_BYTES};
	enum kd_status status;

	*old = (struct old){NULL, NULL};
	status = kd_dump_open(capture->vmcore, &options, &old->dump, err);
	if (!status)
		status = kd_kernel_open(old->dump, &old->kernel, err);
	if (status)
		close_old(old);
	return status;
}

enum kd_status kd_crash_begin(struct kd_capture *capture, struct kd_err *err)
{
	const char *configured = *capture->configured_host ? capture->configured_host : NULL;
	const char *found = NULL;
	struct kd_err why;
	struct old old;

	if (open_old(capture, &old, &why)) {
		kd_say(capture, "the dump does not say who it is: %s", why.text);
	} else {
		found = kd_kernel_nodename(old.kernel);
		snprintf(capture->release, sizeof(capture->release), "%s",
			 kd_kernel_release(old.kernel));
		capture->crash_time_s = kd_kernel_crash_time_s(old.kernel);
	}
	/* "(none)" is what a kernel calls itself before anybody names it */
	if (!found || !*found || !strcmp(found, "(none)"))
		found = configured;
	kd_host_name(found, capture->host);
	if (old.kernel) /* else open_old() has closed what it had */
		close_old(&old);
	return kd_store_of(capture)->begin(capture, err);
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

/* Opens a part, has it written, closes it; what was written is kept even when writing failed. */
static enum kd_status save_part(struct kd_capture *capture, const char *name,
				enum kd_status (*write)(const struct old *old, FILE *stream,
							struct kd_err *err),
				const struct old *old, struct kd_err *err)
{
	const struct kd_store *store = kd_store_of(capture);
	enum kd_status status, closed;
	struct kd_err close_err;
	FILE *stream;

	status = store->open_part(capture, name, &stream, err);
	if (status)
		return status;
	status = write(old, stream, err);
	closed = store->close_part(capture, stream, &close_err);
	if (!status && closed) {
		*err = close_err;
		return closed;
	}
	return status;
}

static enum kd_status write_log(const struct old *old, FILE *stream, struct kd_err *err)
{
	struct kd_klog_summary summary;

	return kd_klog_each(old->kernel, write_record, stream, &summary, err);
}

enum kd_status kd_crash_save_log(struct kd_capture *capture, struct kd_err *err)
{
	enum kd_status status;
	struct old old;

	status = open_old(capture, &old, err);
	if (status)
		return status;
	status = save_part(capture, "dmesg.txt", write_log, &old, err);
	close_old(&old);
	return status;
}

static enum kd_status write_report(const struct old *old, FILE *stream, struct kd_err *err)
{
	struct kd_report *report;
	enum kd_status status = kd_report_make(old->kernel, &report, err);

	if (status)
		return status;
	status = kd_report_write_text(report, stream, err);
	kd_report_free(report);
	return status;
}

static enum kd_status write_report_json(const struct old *old, FILE *stream, struct kd_err *err)
{
	struct kd_report *report;
	enum kd_status status = kd_report_make(old->kernel, &report, err);

	if (status)
		return status;
	status = kd_report_write_json(report, stream, err);
	kd_report_free(report);
	return status;
}

enum kd_status kd_crash_save_report(struct kd_capture *capture, struct kd_err *err)
{
	enum kd_status status;
	struct old old;

	status = open_old(capture, &old, err);
	if (status)
		return status;
	status = save_part(capture, "report.txt", write_report, &old, err);
	if (!status)
		status = save_part(capture, "report.json", write_report_json, &old, err);
	close_old(&old);
	return status;
}

static enum kd_status copy_dump(struct kd_capture *capture, struct kd_dump *dump,
				struct kd_err *err)
{
	const struct kd_store *store = kd_store_of(capture);
	struct kd_log log = kd_capture_log(capture);
	struct kd_capture_meter meter;
	struct kd_progress progress = kd_capture_progress(capture, &meter);
	const struct kd_save_options options = {
		.progress = &progress,
		.log = &log,
		/* worth having, but not worth minutes of a machine being away */
		.digest = kd_sha256_is_fast(),
	};
	char path[PATH_MAX];
	struct kd_sink sink;
	enum kd_status status;

	status = store->open_dump(capture, &sink, path, err);
	if (status)
		return status;
	status = kd_save_elf(dump, &sink, &options, &capture->saved, err);
	if (!status)
		status = store->close_dump(capture, &sink, err);
	kd_sink_close(&sink);
	capture->dump_whole = !status;
	return status;
}

static enum kd_status save_dump(struct kd_capture *capture, bool by_read, struct kd_err *err)
{
	const struct kd_dump_options options = {
		.window_bytes = by_read ? SMALL_WINDOW_BYTES : DUMP_WINDOW_BYTES,
		.access = by_read ? KD_ACCESS_READ : KD_ACCESS_MAP,
	};
	enum kd_status status;
	struct kd_dump *dump;

	capture->dump_tried = true;
	status = kd_dump_open(capture->vmcore, &options, &dump, err);
	if (status)
		return status;
	status = copy_dump(capture, dump, err);
	kd_dump_close(dump);
	if (!status)
		kd_say(capture, "dump complete: %llu MiB, %llu MiB of them not zero",
		       (unsigned long long)(capture->saved.file_bytes >> 20),
		       (unsigned long long)(capture->saved.written_bytes >> 20));
	return status;
}

enum kd_status kd_crash_save_dump(struct kd_capture *capture, struct kd_err *err)
{
	return save_dump(capture, false, err);
}

enum kd_status kd_crash_save_dump_by_reading(struct kd_capture *capture, struct kd_err *err)
{
	return save_dump(capture, true, err);
}

enum kd_status kd_crash_end(struct kd_capture *capture, struct kd_err *err)
{
	const struct kd_store *store = kd_store_of(capture);
	enum kd_status status;
	FILE *stream;

	if (!capture->dump_whole)
		store->make_room(capture);
	status = store->open_part(capture, "capture.log", &stream, err);
	if (!status) {
		fwrite(capture->log, 1, capture->log_bytes, stream);
		status = store->close_part(capture, stream, err);
	}
	if (!status)
		status = store->open_part(capture, "manifest.json", &stream, err);
	if (status)
		return status;
	status = kd_manifest_write(capture, stream, err);
	if (status) {
		fclose(stream);
		return status;
	}
	status = store->close_part(capture, stream, err);
	return status ? status : store->end(capture, err);
}

/* The last lines of a text that comes in pieces, in a ring of lines. */
struct tail {
	char *text;
	size_t bytes;
};

enum kd_status kd_crash_show_log(struct kd_capture *capture, struct kd_err *err)
{
	struct tail tail = {NULL, 0};
	unsigned int lines = 0;
	enum kd_status status;
	struct old old;
	FILE *stream;
	size_t at;

	status = open_old(capture, &old, err);
	if (status)
		return status;
	stream = open_memstream(&tail.text, &tail.bytes);
	if (stream) {
		status = write_log(&old, stream, err);
		fclose(stream);
		for (at = tail.bytes; at && lines <= TAIL_LINES; at--)
			lines += tail.text[at - 1] == '\n';
		printf("kdump: no target: the end of the kernel's log follows\n%s", tail.text + at);
		fflush(stdout);
		free(tail.text);
	}
	close_old(&old);
	return status;
}
