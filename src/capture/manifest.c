/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "host/file.h"
#include "host/paths.h"
#include "host/system.h"

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *number_if(bool known, uint64_t value)
{
	return known ? number(value) : json_null();
}

/* A digest as text; the dump's own when it was computed, a small file's by reading it again. */
static json_t *digest_of(const struct kd_capture *capture, const struct kd_part *part)
{
	char path[PATH_MAX], text[KD_SHA256_TEXT_BYTES];
	uint8_t digest[KD_SHA256_BYTES];
	bool is_dump = !strcmp(part->name, "vmcore");

	if (!part->whole || (is_dump && !capture->has_digest))
		return json_null();
	if (is_dump)
		memcpy(digest, capture->digest, sizeof(digest));
	else if (kd_file_sha256_range(*capture->folder
					      ? kd_path(path, capture->folder, "%s", part->name)
					      : capture->node,
				      part->offset, part->bytes, digest, NULL))
		return json_null();
	kd_sha256_text(digest, text);
	return json_string(text);
}

static json_t *files(const struct kd_capture *capture)
{
	json_t *list = json_object();

	for (unsigned int i = 0; list && i < capture->part_count; i++) {
		const struct kd_part *part = &capture->parts[i];
		bool is_dump = !strcmp(part->name, "vmcore");
		json_t *file;

		if (!strcmp(part->name, "manifest.json"))
			continue;
		file = json_pack("{so sb so}", "bytes",
				 number(is_dump ? capture->saved.file_bytes : part->bytes),
				 "complete", (int)part->whole, "sha256", digest_of(capture, part));
		json_object_set_new(list, part->name, file);
	}
	return list;
}

static json_t *steps(const struct kd_capture *capture)
{
	json_t *list = json_array();

	for (unsigned int i = 0; list && i < capture->step_count; i++) {
		const struct kd_step_record *step = &capture->steps[i];

		if (!step->took_ns && !step->failed)
			continue; /* the one that writes this */
		json_array_append_new(
			list,
			json_pack("{ss si sf so so}", "name", step->name, "target",
				  (int)step->target, "seconds", (double)step->took_ns / 1e9,
				  "peak_kib", number_if(step->peak_kib != 0, step->peak_kib),
				  "error", step->failed ? json_string(step->why) : json_null()));
	}
	return list;
}

/* Those that were tried, in order, and why the dump is not there: null for the one that holds it. */
static json_t *targets(const struct kd_capture *capture)
{
	json_t *list = json_array();

	for (unsigned int i = 0; list && i < capture->target_count; i++) {
		const struct kd_capture_target *target = &capture->targets[i];

		if (target->tried)
			json_array_append_new(
				list,
				json_pack("{ss ss ss so}", "name", target->name, "device",
					  target->device, "path", target->path, "error",
					  *target->why ? json_string(target->why) : json_null()));
	}
	return list;
}

static json_t *unreadable(const struct kd_save_result *saved)
{
	json_t *addresses = json_array();

	for (uint64_t i = 0; addresses && i < saved->unreadable_pages && i < KD_UNREADABLE_NAMED;
	     i++) {
		char hex[24];

		snprintf(hex, sizeof(hex), "0x%" PRIx64, saved->unreadable[i]);
		json_array_append_new(addresses, json_string(hex));
	}
	return json_pack("{so so}", "pages", number(saved->unreadable_pages), "addresses",
			 addresses);
}

/* Pages of the machine by kind, and what became of them. */
static json_t *pages(const struct kd_save_result *saved)
{
	json_t *kinds = json_object();

	for (int kind = 0; kinds && kind < KD_PAGE_KINDS; kind++)
		if (kind != KD_PAGE_ZERO)
			json_object_set_new(kinds, kd_page_kind_name(kind),
					    number(saved->pages[kind]));
	return json_pack("{sb so so so so so so}", "classified", (int)saved->classified, "kinds",
			 kinds, "kept", number(saved->kept_pages), "saved",
			 number(saved->saved_pages), "zero", number(saved->zero_pages), "repeated",
			 number(saved->repeated_pages), "unknown", number(saved->unknown_pages));
}

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

/* Where the time of the dump went: the sweeps one after the other, then the work of all threads. */
static json_t *timings(const struct kd_save_result *saved)
{
	return json_pack("{sf sf sf s{sf sf sf sf}}", "plan", seconds(saved->plan_ns), "data",
			 seconds(saved->data_ns), "sync", seconds(saved->sync_ns), "threads",
			 "judge", seconds(saved->judge_ns), "read", seconds(saved->read_ns), "pack",
			 seconds(saved->pack_ns), "write", seconds(saved->write_ns));
}

/* Why the dump is not whole: what is known of the target, or what its last step said. */
static json_t *reason(const struct kd_capture *capture)
{
	const char *why = capture->targets[capture->target].why;

	if (capture->dump_whole)
		return json_null();
	if (*why)
		return json_string(why);
	for (unsigned int i = capture->step_count; i; i--)
		if (capture->steps[i - 1].failed)
			return json_sprintf("%s: %s", capture->steps[i - 1].name,
					    capture->steps[i - 1].why);
	return json_string("the dump was not reached");
}

enum kd_status kd_manifest_write(const struct kd_capture *capture, FILE *stream, struct kd_err *err)
{
	json_t *root = json_pack(
		"{si sb so ss ss so so ss ss si so so so so so so s{so so so}}", "version", 2,
		"complete", (int)capture->dump_whole, "reason", reason(capture), "host",
		capture->host, "release", capture->release, "crash_time",
		number_if(capture->crash_time_s != 0, capture->crash_time_s), "capture_time",
		number(capture->capture_time_s), "format", kd_dump_format_name(capture->format),
		"codec", capture->codec, "level", (int)kd_kinds_level(capture->saved.excluded),
		"pages", pages(&capture->saved), "files", files(capture), "unreadable",
		unreadable(&capture->saved), "targets", targets(capture), "seconds",
		timings(&capture->saved), "steps", steps(capture), "memory_kib", "total",
		number_if(capture->memory_total_kib != 0, capture->memory_total_kib),
		"lowest_available",
		number_if(capture->memory_lowest_kib != 0, capture->memory_lowest_kib),
		"largest_step", number_if(capture->peak_kib != 0, capture->peak_kib));
	int failed;

	if (!root)
		return kd_fail_errno(err, ENOMEM, "manifest");
	failed = json_dumpf(root, stream, JSON_INDENT(2)) || fputc('\n', stream) == EOF;
	json_decref(root);
	return failed ? kd_fail_errno(err, errno, "manifest") : KD_OK;
}
