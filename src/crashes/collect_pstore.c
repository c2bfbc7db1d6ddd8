/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crashes/collect.h"
#include "crashes/intake.h"
#include "crashes/json.h"
#include "crashes/record.h"
#include "host/file.h"
#include "host/paths.h"
#include "host/system.h"

enum {
	FILE_BYTES_MOST = 1 << 20,
	FILES_MOST = 4096,
	/* systemd-pstore(8) moves what it finds into a folder of a folder of its own */
	DEPTH_MOST = 3,
};

/* What was found: the records, and the files that hold nothing else. */
struct finds {
	struct kd_records records;
	char **files;
	size_t file_count;
	struct kd_err err;
};

static void finds_deinit(struct finds *finds)
{
	kd_records_deinit(&finds->records);
	for (size_t i = 0; i < finds->file_count; i++)
		free(finds->files[i]);
	free(finds->files);
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length >= tail && !strcmp(name + length - tail, end);
}

/* One file: its records, and its name when they are all that it holds. */
static enum kd_status read_file(struct finds *finds, const char *path, struct kd_err *err)
{
	char unpacked[KD_RECORD_BYTES * 2];
	KD_CLEANUP_FREE char *data = NULL;
	const char *text;
	size_t bytes, ours;
	enum kd_status status;
	char **grown;

	/* what cannot be read is not ours to judge */
	if (kd_file_read(path, FILE_BYTES_MOST, &data, &bytes, NULL))
		return KD_OK;
	text = data;
	if (ends_with(path, ".enc.z")) {
		bytes = kd_record_inflate(data, bytes, unpacked, sizeof(unpacked));
		text = unpacked;
	}
	status = kd_records_add(&finds->records, text, bytes, &ours, err);
	if (status || !ours || ours != bytes || finds->file_count == FILES_MOST)
		return status;
	grown = reallocarray(finds->files, finds->file_count + 1, sizeof(*grown));
	if (!grown)
		return kd_fail_errno(err, ENOMEM, "%s", path);
	finds->files = grown;
	grown[finds->file_count] = strdup(path);
	finds->file_count += grown[finds->file_count] != NULL;
	return KD_OK;
}

static enum kd_status walk(struct finds *finds, const char *path, int depth, struct kd_err *err)
{
	DIR *folder = opendir(path);
	enum kd_status status = KD_OK;
	struct dirent *entry;

	if (!folder)
		return depth || errno == ENOENT ? KD_OK : kd_fail_errno(err, errno, "%s", path);
	while (!status && (entry = readdir(folder))) {
		char inside[PATH_MAX];
		struct stat st;

		if (entry->d_name[0] == '.' ||
		    lstat(kd_path(inside, path, "%s", entry->d_name), &st))
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MOST)
			status = walk(finds, inside, depth + 1, err);
		else if (S_ISREG(st.st_mode) && (!strncmp(entry->d_name, "dmesg-", 6) ||
						 !strncmp(entry->d_name, "pmsg-", 5)))
			status = read_file(finds, inside, err);
	}
	closedir(folder);
	return status;
}

/* A text into a file of the folder, and into the list of its files. */
static enum kd_status put_text(struct kd_intake *intake, const struct kd_records *records,
			       uint64_t id, enum kd_record_kind kind, const char *name,
			       json_t *files, struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	enum kd_status status;
	size_t bytes;

	status = kd_records_join(records, id, kind, &text, &bytes, err);
	if (status)
		return status == KD_NOTFOUND ? KD_OK : status;
	json_object_set_new(
		files, name,
		json_pack("{sI sb sn}", "bytes", (json_int_t)bytes, "complete", 0, "sha256"));
	return kd_intake_put(intake, name, text, bytes, err);
}

static json_t *read_summary(const struct kd_records *records, uint64_t id)
{
	KD_CLEANUP_FREE char *text = NULL;
	json_t *summary = NULL;
	size_t bytes;

	if (!kd_records_join(records, id, KD_RECORD_SUMMARY, &text, &bytes, NULL))
		summary = json_loadb(text, bytes, 0, NULL);
	if (json_is_object(summary))
		return summary;
	json_decref(summary);
	return NULL;
}

static json_t *member(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value ? json_incref(value) : json_null();
}

static json_t *manifest_of(const json_t *summary, uint64_t id, const char *text_id,
			   const char *host, json_t *files)
{
	const char *why = json_string_value(json_object_get(summary, "why"));
	char reason[KD_ERR_TEXT_BYTES];

	snprintf(reason, sizeof(reason), "only pstore could be written%s%s", why ? ": " : "",
		 why ? why : "");
	return json_pack("{si sb ss ss so so sI so s{ss ss sI}}", "version", 2, "complete", 0,
			 "reason", reason, "host", host, "release", member(summary, "release"),
			 "crash_time", member(summary, "crash_time"), "capture_time",
			 (json_int_t)id, "files", files, "collected", "from", "pstore", "id",
			 text_id, "time", (json_int_t)time(NULL));
}

/* One crash out of its records. */
static enum kd_status take(const struct finds *finds, uint64_t id, struct kd_intake *intake,
			   struct kd_collected *collected, struct kd_err *err)
{
	const struct kd_records *records = &finds->records;
	json_t *summary = read_summary(records, id), *files = json_object(), *manifest;
	struct kd_crash_name name = {.time_s = id, .serial = 1};
	enum kd_status status = KD_OK;
	char text_id[40];

	kd_host_name(json_string_value(json_object_get(summary, "host")), name.host);
	snprintf(text_id, sizeof(text_id), "pstore-%" PRIu64, id);
	collected->before = kd_intake_find(intake, &name, text_id, collected->folder);
	if (collected->before) {
		json_decref(files);
		json_decref(summary);
		return KD_OK;
	}
	status = put_text(intake, records, id, KD_RECORD_LOG, "dmesg.txt", files, err);
	if (!status)
		status = put_text(intake, records, id, KD_RECORD_REPORT, "report.txt", files, err);
	if (!status && summary)
		status = kd_intake_put_json(intake, "report.json", summary, err);
	manifest = manifest_of(summary, id, text_id, name.host, files);
	if (!status)
		status = kd_intake_put_json(intake, "manifest.json", manifest, err);
	if (!status)
		status = kd_intake_finish(intake, &name, collected->folder, err);
	json_decref(manifest);
	json_decref(summary);
	return status;
}

/* True when no record before this one was of its crash. */
static bool is_first(const struct kd_records *records, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (records->items[i].id == records->items[index].id)
			return false;
	return true;
}

enum kd_status kd_collect_pstore(const char *const folders[], const char *into, bool keep,
				 void (*each)(void *opaque, const struct kd_collected *collected),
				 void *opaque, struct kd_err *err)
{
	struct finds finds = {0};
	enum kd_status status = KD_OK;

	for (size_t i = 0; folders[i] && !status; i++)
		status = walk(&finds, folders[i], 0, err);
	for (size_t i = 0; i < finds.records.count && !status; i++) {
		struct kd_collected collected = {0};
		struct kd_intake intake;

		if (!is_first(&finds.records, i))
			continue;
		status = kd_intake_begin(&intake, into, err);
		if (status)
			break;
		status = take(&finds, finds.records.items[i].id, &intake, &collected, err);
		kd_intake_end(&intake);
		if (!status)
			each(opaque, &collected);
	}
	for (size_t i = 0; i < finds.file_count && !status && !keep; i++)
		if (unlink(finds.files[i]) && errno != ENOENT)
			status = kd_fail_errno(err, errno, "%s", finds.files[i]);
	finds_deinit(&finds);
	return status;
}
