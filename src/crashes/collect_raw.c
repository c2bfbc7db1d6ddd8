/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crashes/collect.h"
#include "crashes/intake.h"
#include "crashes/json.h"
#include "crashes/keep.h"
#include "crashes/raw.h"
#include "host/file.h"
#include "host/system.h"

enum { MANIFEST_BYTES_MAX = 1 << 20 };

/* One taking in. */
struct taking {
	const struct kd_raw_crash *crash;
	struct kd_intake intake;
	int device;
	const struct kd_progress *progress;
	uint8_t digests[KD_RAW_PARTS][KD_SHA256_BYTES];
};

static bool is_dump(const struct kd_raw_part *part)
{
	return !strcmp(part->name, "vmcore");
}

/* The manifest that came along, or the beginning of one. The caller's. */
static json_t *read_manifest(const struct taking *taking)
{
	json_t *manifest = NULL;

	kd_json_read(taking->intake.fd, "manifest.json", MANIFEST_BYTES_MAX, &manifest, NULL);
	if (manifest)
		return manifest;
	return json_pack("{si sb ss ss sn sI s{}}", "version", 2, "complete", 0, "reason",
			 "the capture did not end", "host", taking->crash->host, "crash_time",
			 "capture_time", (json_int_t)taking->crash->capture_time_s, "files");
}

/* Compares with what the capture had computed, and tells what came. The reason when a part is damaged. */
static bool check_part(json_t *files, const struct kd_raw_part *part, const uint8_t *digest,
		       char *reason, size_t reason_bytes)
{
	json_t *file = json_object_get(files, part->name);
	const char *expected = json_string_value(json_object_get(file, "sha256"));
	char text[KD_SHA256_TEXT_BYTES];
	bool good = part->whole, taken = good || part->bytes;

	kd_sha256_text(digest, text);
	if (good && json_is_object(file) && kd_json_member_number(file, "bytes") != part->bytes) {
		snprintf(reason, reason_bytes, "%s: its length is not what the manifest says",
			 part->name);
		good = false;
	} else if (good && expected && strcmp(expected, text)) {
		snprintf(reason, reason_bytes, "%s: its digest is not what the capture computed",
			 part->name);
		good = false;
	} else if (!good) {
		snprintf(reason, reason_bytes, "%s: was not written to its end", part->name);
	}
	json_object_set_new(files, part->name,
			    json_pack("{sI sb so}", "bytes", (json_int_t)part->bytes, "complete",
				      (int)good, "sha256",
				      taken ? json_string(text) : json_null()));
	return good;
}

static enum kd_status put_manifest(struct taking *taking, const char *device, struct kd_err *err)
{
	const struct kd_raw_crash *crash = taking->crash;
	json_t *manifest = read_manifest(taking);
	json_t *files = json_object_get(manifest, "files");
	char id[KD_SHA256_TEXT_BYTES], reason[128];
	enum kd_status status;

	if (manifest && !json_is_object(files)) {
		files = json_object();
		json_object_set_new(manifest, "files", files);
	}
	for (unsigned int i = 0; i < crash->part_count; i++) {
		if (!strcmp(crash->parts[i].name, "manifest.json"))
			continue;
		if (check_part(files, &crash->parts[i], taking->digests[i], reason, sizeof(reason)))
			continue;
		if (json_is_true(json_object_get(manifest, "complete"))) {
			json_object_set_new(manifest, "complete", json_false());
			json_object_set_new(manifest, "reason", json_string(reason));
		}
	}
	kd_sha256_text(crash->digest, id);
	json_object_set_new(
		manifest, "collected",
		json_pack("{ss ss sI}", "from", device, "id", id, "time", (json_int_t)time(NULL)));
	unlinkat(taking->intake.fd, "manifest.json", 0);
	status = kd_intake_put_json(&taking->intake, "manifest.json", manifest, err);
	json_decref(manifest);
	return status;
}

static enum kd_status take_parts(struct taking *taking, struct kd_err *err)
{
	const struct kd_raw_crash *crash = taking->crash;
	enum kd_status status = KD_OK;

	for (unsigned int i = 0; i < crash->part_count && !status; i++) {
		const struct kd_raw_part *part = &crash->parts[i];
		const char *name = is_dump(part) && !part->whole ? "vmcore.incomplete" : part->name;

		/* without a length there is nothing that could be taken */
		if (part->whole || part->bytes)
			status = kd_intake_copy(
				&taking->intake, name, taking->device, part->offset, part->bytes,
				is_dump(part) ? taking->progress : NULL, taking->digests[i], err);
	}
	return status;
}

static enum kd_status check_room(const struct kd_raw_crash *crash, const char *into,
				 struct kd_err *err)
{
	uint64_t needed = 0, room;
	enum kd_status status = kd_keep_free_bytes(into, &room, err);

	for (unsigned int i = 0; i < crash->part_count; i++)
		needed += crash->parts[i].bytes;
	if (!status && needed > room)
		status = kd_fail(err, KD_SYSTEM, "%s: %llu MiB are free, and the crash has %llu",
				 into, (unsigned long long)room >> 20,
				 (unsigned long long)needed >> 20);
	return status;
}

/* Copies, checks, and gives the folder its name. */
static enum kd_status take(struct taking *taking, const char *device, struct kd_crash_name *name,
			   struct kd_collected *collected, struct kd_err *err)
{
	enum kd_status status = check_room(taking->crash, taking->intake.path, err);

	if (!status)
		status = take_parts(taking, err);
	if (!status)
		status = put_manifest(taking, device, err);
	if (!status)
		status = kd_intake_finish(&taking->intake, name, collected->folder, err);
	return status;
}

enum kd_status kd_collect_raw(const char *device, const char *into, bool keep,
			      const struct kd_progress *progress, struct kd_collected *collected,
			      struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(device, O_RDONLY | O_CLOEXEC);
	struct kd_raw_crash crash;
	struct taking taking = {.crash = &crash, .device = fd, .progress = progress};
	char id[KD_SHA256_TEXT_BYTES];
	struct kd_crash_name name = {.serial = 1};
	enum kd_status status;

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", device);
	status = kd_raw_read(device, &crash, err);
	if (status)
		return status;
	if (crash.state == KD_RAW_TAKEN)
		return kd_fail(err, KD_NOTFOUND, "%s: its crash was taken in already", device);
	memcpy(name.host, crash.host, sizeof(name.host));
	name.time_s = crash.capture_time_s;
	kd_sha256_text(crash.digest, id);
	*collected = (struct kd_collected){0};
	status = kd_intake_begin(&taking.intake, into, err);
	if (status)
		return status;
	collected->before = kd_intake_find(&taking.intake, &name, id, collected->folder);
	if (!collected->before)
		status = take(&taking, device, &name, collected, err);
	kd_intake_end(&taking.intake);
	if (!status && !keep)
		status = kd_raw_mark_taken(device, &crash, err);
	return status;
}
