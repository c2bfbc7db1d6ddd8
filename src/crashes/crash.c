/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crashes/crash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashes/json.h"
#include "host/file.h"
#include "host/system.h"

enum { MANIFEST_BYTES_MAX = 1 << 20, REPORT_BYTES_MAX = 16 << 20 };

/* In the order in which they are removed. */
const char *const kd_crash_files[] = {
	"vmcore",    "vmcore.incomplete", "report.txt",    "report.json",
	"dmesg.txt", "capture.log",       "manifest.json", NULL,
};

static void crash_deinit(struct kd_crash *crash)
{
	free(crash->folder);
	free(crash->host);
	free(crash->release);
	free(crash->sentence);
	free(crash->kind);
	free(crash->signature);
	free(crash->signature_text);
	free(crash->reason);
	free(crash->strange);
}

void kd_crashes_deinit(struct kd_crashes *crashes)
{
	for (size_t i = 0; i < crashes->count; i++)
		crash_deinit(&crashes->items[i]);
	for (size_t i = 0; i < crashes->other_count; i++)
		free(crashes->others[i].name);
	free(crashes->items);
	free(crashes->others);
	*crashes = (struct kd_crashes){0};
}

static bool is_our_file(const char *name)
{
	for (size_t i = 0; kd_crash_files[i]; i++)
		if (!strcmp(name, kd_crash_files[i]))
			return true;
	return false;
}

/* Opens a folder without following a link to it. */
static int open_folder(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A stream of the folder's entries; fd stays the caller's. */
static DIR *entries_of(int fd)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = again < 0 ? NULL : fdopendir(again);

	if (!stream && again >= 0)
		close(again);
	return stream;
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Sizes, and the first thing that is not ours. */
static void weigh(int fd, struct kd_crash *crash)
{
	DIR *stream = entries_of(fd);
	struct dirent *entry;
	struct stat st;

	while (stream && (entry = readdir(stream))) {
		if (is_dots(entry->d_name))
			continue;
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!is_our_file(entry->d_name) || !S_ISREG(st.st_mode)) {
			if (!crash->strange)
				crash->strange = kd_printable(entry->d_name);
			continue;
		}
		crash->bytes += (uint64_t)st.st_size;
		crash->disk_bytes += (uint64_t)st.st_blocks * 512;
	}
	if (stream)
		closedir(stream);
}

static char *format_reason(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *format_reason(const char *format, ...)
{
	char text[KD_ERR_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return kd_printable(text);
}

/* Whether the dump is there as the manifest has it: the reason when it is not. */
static char *check_dump(int fd, const json_t *manifest)
{
	const json_t *dump = json_object_get(json_object_get(manifest, "files"), "vmcore");
	uint64_t bytes = kd_json_member_number(dump, "bytes");
	struct stat st;

	if (fstatat(fd, "vmcore", &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return format_reason("vmcore is gone");
	if (dump && bytes != (uint64_t)st.st_size)
		return format_reason("vmcore has %" PRIu64 " bytes, and had %" PRIu64,
				     (uint64_t)st.st_size, bytes);
	return NULL;
}

static void read_manifest(int fd, struct kd_crash *crash)
{
	json_t *manifest;
	struct kd_err err;
	enum kd_status status;

	status = kd_json_read(fd, "manifest.json", MANIFEST_BYTES_MAX, &manifest, &err);
	if (status) {
		crash->reason = status == KD_NOTFOUND
					? format_reason("no manifest.json: the capture did not end")
					: format_reason("%s", err.text);
		return;
	}
	crash->crash_time_s = kd_json_member_number(manifest, "crash_time");
	crash->host = kd_json_member_text(manifest, "host");
	crash->release = kd_json_member_text(manifest, "release");
	if (json_is_true(json_object_get(manifest, "complete"))) {
		crash->reason = check_dump(fd, manifest);
		crash->complete = !crash->reason;
	} else {
		crash->reason = kd_json_member_text(manifest, "reason");
		if (!crash->reason)
			crash->reason = format_reason("manifest.json does not say why");
	}
	json_decref(manifest);
}

static void read_report(int fd, struct kd_crash *crash)
{
	json_t *report;

	if (kd_json_read(fd, "report.json", REPORT_BYTES_MAX, &report, NULL))
		return;
	crash->sentence = kd_json_member_text(report, "sentence");
	crash->kind = kd_json_member_text(report, "kind");
	crash->signature = kd_json_member_text(report, "signature");
	crash->signature_text = kd_json_member_text(report, "signature_text");
	json_decref(report);
}

/* Why this entry is no crash of ours, or NULL: crash is filled in. */
static const char *read_entry(int parent, const char *name, bool reports, struct kd_crash *crash)
{
	KD_CLEANUP_CLOSE int fd = -1;
	struct stat st, above;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW))
		return "cannot be looked at";
	if (S_ISLNK(st.st_mode))
		return "a link";
	if (!S_ISDIR(st.st_mode))
		return "not a folder";
	/* /var/crash may be anybody's to write to: a made-up crash must not push out those that happened */
	if (!geteuid() && st.st_uid)
		return "belongs to a user";
	if (!kd_crash_name_parse(name, &crash->name))
		return "not named as kdump names a crash";
	fd = open_folder(parent, name);
	if (fd < 0)
		return "cannot be opened";
	if (!fstat(parent, &above) && above.st_dev != st.st_dev)
		return "another file system";
	crash->folder = strdup(name);
	weigh(fd, crash);
	read_manifest(fd, crash);
	if (reports)
		read_report(fd, crash);
	return NULL;
}

static int by_time(const void *left, const void *right)
{
	const struct kd_crash *a = left, *b = right;

	if (a->name.time_s != b->name.time_s)
		return a->name.time_s < b->name.time_s ? -1 : 1;
	if (a->name.serial != b->name.serial)
		return a->name.serial < b->name.serial ? -1 : 1;
	return strcmp(a->folder, b->folder);
}

static int by_name(const void *left, const void *right)
{
	const struct kd_crash_other *a = left, *b = right;

	return strcmp(a->name, b->name);
}

/* One entry into one of the two lists. False without memory. */
static bool take(int parent, const char *name, bool reports, struct kd_crashes *crashes)
{
	struct kd_crash *items = reallocarray(crashes->items, crashes->count + 1, sizeof(*items));
	struct kd_crash_other *others;
	const char *why;

	if (!items)
		return false;
	crashes->items = items;
	items += crashes->count;
	*items = (struct kd_crash){0};
	why = read_entry(parent, name, reports, items);
	if (!why) {
		crashes->count += items->folder != NULL;
		return items->folder != NULL;
	}
	others = reallocarray(crashes->others, crashes->other_count + 1, sizeof(*others));
	if (!others)
		return false;
	crashes->others = others;
	others += crashes->other_count;
	*others = (struct kd_crash_other){.name = kd_printable(name), .why = why};
	crashes->other_count += others->name != NULL;
	return others->name != NULL;
}

enum kd_status kd_crashes_read(const char *path, bool reports, struct kd_crashes *crashes,
			       struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : entries_of(fd);
	struct kd_crashes found = {0};
	struct dirent *entry;
	bool whole = true;

	if (!stream)
		return kd_fail_errno(err, errno, "%s", path);
	while (whole && (entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			whole = take(fd, entry->d_name, reports, &found);
	closedir(stream);
	if (!whole) {
		kd_crashes_deinit(&found);
		return kd_fail_errno(err, ENOMEM, "%s", path);
	}
	if (found.count)
		qsort(found.items, found.count, sizeof(*found.items), by_time);
	if (found.other_count)
		qsort(found.others, found.other_count, sizeof(*found.others), by_name);
	*crashes = found;
	return KD_OK;
}

enum kd_status kd_crash_remove(const char *path, const struct kd_crash *crash, struct kd_err *err)
{
	KD_CLEANUP_CLOSE int parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	KD_CLEANUP_CLOSE int fd = parent < 0 ? -1 : open_folder(parent, crash->folder);
	struct kd_crash now = {0};

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s/%s", path, crash->folder);
	weigh(fd, &now); /* once more: somebody may have put something there since */
	if (now.strange) {
		kd_fail(err, KD_INVALID, "%s/%s: holds %s, which is not ours", path, crash->folder,
			now.strange);
		crash_deinit(&now);
		return KD_INVALID;
	}
	for (size_t i = 0; kd_crash_files[i]; i++)
		if (unlinkat(fd, kd_crash_files[i], 0) && errno != ENOENT)
			return kd_fail_errno(err, errno, "%s/%s/%s", path, crash->folder,
					     kd_crash_files[i]);
	if (unlinkat(parent, crash->folder, AT_REMOVEDIR))
		return kd_fail_errno(err, errno, "%s/%s", path, crash->folder);
	return KD_OK;
}
