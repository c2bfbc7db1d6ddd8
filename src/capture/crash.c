/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/crash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/arch.h"
#include "capture/console.h"
#include "capture/manifest.h"
#include "capture/old.h"
#include "capture/store.h"
#include "dump/dump.h"
#include "host/file.h"
#include "host/paths.h"
#include "host/system.h"
#include "kernel/kernel.h"
#include "report/report.h"
#include "save/save.h"

/* Small windows for the small parts; the dump's own come from its step. */
enum { SMALL_WINDOW_BYTES = 256 << 10, DUMP_WINDOW_BYTES = 4 << 20, TAIL_LINES = 60 };

enum kd_status kd_crash_begin(struct kd_capture *capture, struct kd_err *err)
{
	const char *configured = *capture->configured_host ? capture->configured_host : NULL;
	const char *found = NULL;
	enum kd_status status;
	struct kd_err why;
	struct kd_old old;

	if (kd_old_open(capture, &old, &why)) {
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
	if (old.kernel) /* else kd_old_open() has closed what it had */
		kd_old_close(&old);
	status = kd_store_of(capture)->begin(capture, err);
	capture->begun = !status;
	return status;
}

/* Opens a part, has it written, closes it; what was written is kept even when writing failed. */
static enum kd_status save_part(struct kd_capture *capture, const char *name,
				enum kd_status (*write)(const struct kd_old *old, FILE *stream,
							struct kd_err *err),
				const struct kd_old *old, struct kd_err *err)
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

enum kd_status kd_crash_save_log(struct kd_capture *capture, struct kd_err *err)
{
	enum kd_status status;
	struct kd_old old;

	status = kd_old_open(capture, &old, err);
	if (status)
		return status;
	status = save_part(capture, "dmesg.txt", kd_old_write_log, &old, err);
	kd_old_close(&old);
	return status;
}

static enum kd_status write_report(const struct kd_old *old, FILE *stream, struct kd_err *err)
{
	return kd_report_write_text(old->report, stream, err);
}

static enum kd_status write_report_json(const struct kd_old *old, FILE *stream, struct kd_err *err)
{
	return kd_report_write_json(old->report, stream, err);
}

static enum kd_status save_report(struct kd_capture *capture, bool deep, struct kd_err *err)
{
	enum kd_status status;
	struct kd_old old;

	status = kd_old_open(capture, &old, err);
	if (status)
		return status;
	status = kd_old_report(capture, &old, deep, err);
	if (!status)
		status = save_part(capture, "report.txt", write_report, &old, err);
	if (!status)
		status = save_part(capture, "report.json", write_report_json, &old, err);
	kd_old_close(&old);
	return status;
}

enum kd_status kd_crash_save_report(struct kd_capture *capture, struct kd_err *err)
{
	return save_report(capture, true, err);
}

enum kd_status kd_crash_save_plain_report(struct kd_capture *capture, struct kd_err *err)
{
	return save_report(capture, false, err);
}

/* How a dump is made: as configured, or more and more carefully. */
struct manner {
	bool filter;
	enum kd_access access;
	size_t window_bytes;
	unsigned int workers; /* 0: as many as there are CPUs and memory for */
};

unsigned int kd_crash_workers(const struct kd_save_options *options, size_t page_bytes, long cpus,
			      uint64_t free_bytes)
{
	unsigned int workers = cpus < 1                 ? 1
			       : cpus > KD_WORKERS_MOST ? KD_WORKERS_MOST
							: (unsigned int)cpus;

	while (workers > 1 && kd_save_memory(options, workers, page_bytes) > free_bytes / 2)
		workers--;
	return workers;
}

static unsigned int choose_workers(const struct kd_save_options *options, size_t page_bytes)
{
	long pages = sysconf(_SC_AVPHYS_PAGES);
	uint64_t free_bytes = pages > 0 ? (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;

	return kd_crash_workers(options, page_bytes, sysconf(_SC_NPROCESSORS_ONLN), free_bytes);
}

static void choose_options(const struct kd_capture *capture, const struct kd_dump *dump,
			   const struct manner *manner, struct kd_save_options *options)
{
	if (capture->format == KD_DUMP_ELF)
		options->format = KD_SAVE_ELF;
	if (kd_codec_parse(capture->codec, &options->codec, &options->codec_level, NULL)) {
		options->codec = kd_codecs[0];
		options->codec_level = kd_codecs[0]->default_level;
	}
	for (unsigned int i = 0; manner->filter && i < capture->level_count; i++)
		options->exclude[options->exclude_count++] = kd_level_kinds(capture->levels[i]);
	if (!options->exclude_count)
		options->exclude[options->exclude_count++] = kd_level_kinds(1);
	options->workers = manner->workers
				   ? manner->workers
				   : choose_workers(options, kd_dump_arch(dump)->page_bytes);
}

static enum kd_status copy_dump(struct kd_capture *capture, const struct kd_old *old,
				const struct manner *manner, struct kd_err *err)
{
	const struct kd_store *store = kd_store_of(capture);
	struct kd_log log = kd_capture_log(capture);
	struct kd_capture_meter meter;
	struct kd_progress progress = kd_capture_progress(capture, &meter);
	struct kd_save_options options = {.progress = &progress, .log = &log};
	char path[PATH_MAX];
	struct kd_sink sink;
	enum kd_status status;

	choose_options(capture, old->dump, manner, &options);
	status = store->open_dump(capture, &sink, path, err);
	if (status)
		return status;
	sink.pace = true;
	status = kd_save(old->dump, manner->filter ? old->kernel : NULL, &sink, &options,
			 &capture->saved, err);
	if (!status)
		status = store->close_dump(capture, &sink, err);
	kd_sink_close(&sink);
	capture->dump_whole = !status;
	return status;
}

static enum kd_status save_dump(struct kd_capture *capture, const struct manner *manner,
				struct kd_err *err)
{
	const struct kd_dump_options options = {
		.window_bytes = manner->window_bytes,
		.access = manner->access,
	};
	struct kd_old old = {NULL, NULL};
	struct kd_err why;
	enum kd_status status;

	capture->dump_tried = true;
	capture->saved = (struct kd_save_result){0};
	status = kd_dump_open(capture->vmcore, &options, &old.dump, err);
	if (status)
		return status;
	/* without it pages cannot be told apart, and everything is saved */
	if (kd_kernel_open(old.dump, &old.kernel, &why)) {
		old.kernel = NULL;
		kd_say(capture, "%s", why.text);
	}
	status = copy_dump(capture, &old, manner, err);
	kd_old_close(&old);
	if (!status)
		kd_say(capture, "dump complete: %llu of %llu pages in %llu MiB",
		       (unsigned long long)capture->saved.saved_pages,
		       (unsigned long long)kd_save_all_pages(&capture->saved),
		       (unsigned long long)(capture->saved.file_bytes >> 20));
	return status;
}

enum kd_status kd_crash_save_dump(struct kd_capture *capture, struct kd_err *err)
{
	static const struct manner configured = {true, KD_ACCESS_AUTO, DUMP_WINDOW_BYTES, 0};

	return save_dump(capture, &configured, err);
}

enum kd_status kd_crash_save_whole_dump(struct kd_capture *capture, struct kd_err *err)
{
	static const struct manner whole = {false, KD_ACCESS_AUTO, SMALL_WINDOW_BYTES, 1};

	return save_dump(capture, &whole, err);
}

enum kd_status kd_crash_save_dump_by_reading(struct kd_capture *capture, struct kd_err *err)
{
	static const struct manner by_reading = {false, KD_ACCESS_READ, SMALL_WINDOW_BYTES, 1};

	return save_dump(capture, &by_reading, err);
}

enum kd_status kd_crash_take_digest(struct kd_capture *capture, struct kd_err *err)
{
	const struct kd_part *part;
	char path[PATH_MAX];
	enum kd_status status;

	/* worth having, but not worth minutes of a machine being away */
	if (!capture->dump_whole || !kd_sha256_is_fast())
		return KD_OK;
	part = kd_part(capture, "vmcore");
	status = kd_file_sha256_range(*capture->folder ? kd_path(path, capture->folder, "vmcore")
						       : capture->node,
				      part->offset, part->bytes, capture->digest, err);
	capture->has_digest = !status;
	return status;
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
	struct kd_old old;
	FILE *stream;
	size_t at;

	status = kd_old_open(capture, &old, err);
	if (status)
		return status;
	stream = open_memstream(&tail.text, &tail.bytes);
	if (stream) {
		status = kd_old_write_log(&old, stream, err);
		fclose(stream);
		for (at = tail.bytes; at && lines <= TAIL_LINES; at--)
			lines += tail.text[at - 1] == '\n';
		printf("kdump: no target: the end of the kernel's log follows\n%s", tail.text + at);
		fflush(stdout);
		free(tail.text);
	}
	kd_old_close(&old);
	return status;
}

static enum kd_status show_report(struct kd_capture *capture, bool deep, struct kd_err *err)
{
	enum kd_status status;
	struct kd_old old;

	status = kd_old_open(capture, &old, err);
	if (status)
		return status;
	status = kd_old_report(capture, &old, deep, err);
	if (!status) {
		printf("kdump: no target: the start of the report follows\n");
		status = kd_report_write_start(old.report, stdout, err);
	}
	kd_old_close(&old);
	return status;
}

enum kd_status kd_crash_show_report(struct kd_capture *capture, struct kd_err *err)
{
	return show_report(capture, true, err);
}

enum kd_status kd_crash_show_plain_report(struct kd_capture *capture, struct kd_err *err)
{
	return show_report(capture, false, err);
}
