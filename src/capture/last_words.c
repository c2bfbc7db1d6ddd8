/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/last_words.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "capture/console.h"
#include "capture/old.h"
#include "host/file.h"
#include "host/paths.h"
#include "host/system.h"

enum { SUMMARY_BYTES = 2 << 10, LOG_BYTES = 12 << 10, REPORT_BYTES = 10 << 10 };
/* pmsg_size of ramoops, where it does not tell (fs/pstore/ram.c: MIN_MEM_SIZE) */
enum { PMSG_BYTES = 4096, PIECE_BYTES = KD_RECORD_BYTES - 100 };

#define EFIVARS "/sys/firmware/efi/efivars"

/* All of what `write` says. */
static enum kd_status text_of(const struct kd_old *old,
			      enum kd_status (*write)(const struct kd_old *old, FILE *stream,
						      struct kd_err *err),
			      char **text, size_t *bytes, struct kd_err *err)
{
	FILE *stream = open_memstream(text, bytes);
	enum kd_status status;

	if (!stream)
		return kd_fail_errno(err, ENOMEM, "last words");
	status = write(old, stream, err);
	if (fclose(stream) && !status)
		status = kd_fail_errno(err, ENOMEM, "last words");
	return status;
}

static enum kd_status write_report(const struct kd_old *old, FILE *stream, struct kd_err *err)
{
	return kd_report_write_text(old->report, stream, err);
}

static enum kd_status write_json(const struct kd_old *old, FILE *stream, struct kd_err *err)
{
	return kd_report_write_json(old->report, stream, err);
}

/* Why we are here: what was wrong with the last target, or else the last step that failed. */
static const char *why_no_target(const struct kd_capture *capture)
{
	if (capture->target < capture->target_count && *capture->targets[capture->target].why)
		return capture->targets[capture->target].why;
	for (unsigned int i = capture->step_count; i; i--)
		if (capture->steps[i - 1].failed)
			return capture->steps[i - 1].why;
	return "unknown";
}

/* Of the report those members that name the crash. */
static char *summarise(const struct kd_capture *capture, const char *report, size_t bytes)
{
	static const char *const members[] = {"sentence", "kind",    "signature", "signature_text",
					      "host",     "release", "crash_time"};
	json_t *whole = json_loadb(report, bytes, 0, NULL), *summary = json_object();
	char *text;

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		json_object_set(summary, members[i], json_object_get(whole, members[i]));
	json_object_set_new(summary, "why", json_string(why_no_target(capture)));
	text = json_dumps(summary, JSON_COMPACT);
	json_decref(whole);
	json_decref(summary);
	return text;
}

static void take_text(struct kd_last_words *words, enum kd_record_kind kind, uint64_t id,
		      const char *text, size_t bytes, size_t most, bool end)
{
	size_t taken = bytes < most ? bytes : most;

	words->texts[kind] = (struct kd_record_source){
		.kind = kind,
		.id = id,
		.text = end ? text + bytes - taken : text,
		.total_bytes = taken,
	};
}

/* The longest piece that fits a variable, before `end` or from `start` on; stored gets it. Its length. */
static size_t pack_piece(const struct kd_record_source *source, size_t start, size_t end,
			 bool from_end, uint8_t stored[KD_RECORD_STORED_BYTES],
			 size_t *stored_bytes, bool *packed)
{
	enum { STEP = 128 };
	char record[KD_RECORD_BYTES];
	size_t most = end - start;

	for (size_t piece = most < KD_RECORD_BYTES ? most : KD_RECORD_BYTES; piece;
	     piece -= piece > STEP ? STEP : piece) {
		size_t offset = from_end ? end - piece : start;
		size_t bytes = kd_record_format(source, offset, piece, record, sizeof(record));

		if (!bytes)
			continue;
		*stored_bytes = kd_record_deflate(record, bytes, stored, KD_RECORD_STORED_BYTES);
		*packed = *stored_bytes != 0;
		if (!*packed && bytes <= KD_RECORD_STORED_BYTES) {
			memcpy(stored, record, bytes);
			*stored_bytes = bytes;
		}
		if (*stored_bytes)
			return piece;
	}
	return 0;
}

static const char crash_guid[] = "-cfc8fc79-be2e-4ddc-97f0-9f98bfe298a0"; /* LINUX_EFI_CRASH_GUID */

/* How many dumps lie there already, whoever wrote them. */
static unsigned int count_variables(const char *folder)
{
	unsigned int count = 0;
	struct dirent *entry;
	DIR *stream = opendir(folder);

	while (stream && (entry = readdir(stream)))
		count += !strncmp(entry->d_name, "dump-type", 9) &&
			 strstr(entry->d_name, crash_guid);
	if (stream)
		closedir(stream);
	return count;
}

/* efivarfs takes a variable by one write: its attributes (non-volatile, boot and run time), and its data. */
static enum kd_status write_variable(const char *folder, const struct kd_record_source *source,
				     unsigned int part, bool packed, const uint8_t *data,
				     size_t bytes, struct kd_err *err)
{
	enum { ATTRIBUTES = 7 };
	uint8_t content[4 + KD_RECORD_STORED_BYTES] = {ATTRIBUTES};
	KD_CLEANUP_CLOSE int fd = -1;
	char path[PATH_MAX];

	kd_path(path, folder, "dump-type0-%u-%d-%llu-%c%s", part, (int)source->kind + 1,
		(unsigned long long)source->id, packed ? 'C' : 'D', crash_guid);
	memcpy(content + 4, data, bytes);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	if (write(fd, content, 4 + bytes) == (ssize_t)(4 + bytes))
		return KD_OK;
	kd_fail_errno(err, errno, "%s", path);
	unlink(path); /* efivarfs shows an empty file for what was not taken */
	return KD_SYSTEM;
}

/* One text, until it or the variables are used up: a log from its end, the others from their start. */
static enum kd_status write_text(const struct kd_record_source *source, const char *folder,
				 unsigned int most, unsigned int *written, struct kd_err *err)
{
	bool from_end = source->kind == KD_RECORD_LOG, packed = false;
	size_t start = 0, end = source->total_bytes, stored_bytes = 0;
	uint8_t stored[KD_RECORD_STORED_BYTES];

	for (unsigned int part = 1; part <= most && start < end; part++) {
		enum kd_status status;
		size_t piece =
			pack_piece(source, start, end, from_end, stored, &stored_bytes, &packed);

		if (!piece)
			break;
		status = write_variable(folder, source, part, packed, stored, stored_bytes, err);
		if (status)
			return status;
		++*written;
		if (from_end)
			end -= piece;
		else
			start += piece;
	}
	return KD_OK;
}

enum kd_status kd_last_words_to_efi(const struct kd_last_words *words, const char *folder,
				    unsigned int *written, struct kd_err *err)
{
	/* which adds up to KD_LAST_VARIABLES */
	static const unsigned int most[KD_RECORD_KINDS] = {
		[KD_RECORD_SUMMARY] = 2,
		[KD_RECORD_LOG] = 8,
		[KD_RECORD_REPORT] = 6,
	};
	unsigned int there = count_variables(folder), count = 0;
	enum kd_status status = KD_OK;

	if (there + KD_LAST_VARIABLES > KD_LAST_VARIABLES_IN_ALL)
		return kd_fail(err, KD_UNSUPPORTED,
			       "%u EFI variables hold dumps already: kdump collect takes them in",
			       there);
	for (int kind = 0; kind < KD_RECORD_KINDS && !status; kind++)
		status = write_text(&words->texts[kind], folder, most[kind], &count, err);
	*written = count;
	return count ? KD_OK : status;
}

enum kd_status kd_last_words_to_pmsg(const struct kd_last_words *words, const char *path,
				     size_t room, struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
	enum kd_status status = KD_OK;
	char record[KD_RECORD_BYTES];

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	for (int kind = KD_RECORD_KINDS - 1; kind >= 0 && !status; kind--) {
		const struct kd_record_source *source = &words->texts[kind];
		size_t share = kind == KD_RECORD_LOG ? room / 2 : room / 4, bytes;
		size_t taken = share - share / 10; /* the rest is for the lines above the pieces */
		size_t at = kind == KD_RECORD_LOG && taken < source->total_bytes
				    ? source->total_bytes - taken
				    : 0;
		size_t end = taken < source->total_bytes - at ? at + taken : source->total_bytes;

		for (; at < end && !status; at += PIECE_BYTES) {
			size_t piece = end - at < PIECE_BYTES ? end - at : PIECE_BYTES;

			bytes = kd_record_format(source, at, piece, record, sizeof(record));
			status = kd_write_all(fd, record, bytes, path, err);
		}
	}
	return status;
}

static void to_efi(struct kd_capture *capture, const struct kd_last_words *words)
{
	unsigned int written = 0;
	struct kd_err why;

	if (access("/sys/firmware/efi", F_OK)) {
		kd_say(capture, "pstore: this kernel has no EFI run-time services");
		return;
	}
	if (mount("efivarfs", EFIVARS, "efivarfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) &&
	    errno != EBUSY) {
		kd_say(capture, "pstore: efivarfs: %s", strerror(errno));
		return;
	}
	if (kd_last_words_to_efi(words, EFIVARS, &written, &why))
		kd_say(capture, "pstore: %s", why.text);
	else
		kd_say(capture, "pstore: %u EFI variables written", written);
}

static void to_pmsg(struct kd_capture *capture, const struct kd_last_words *words)
{
	static const char path[] = "/dev/pmsg0";
	uint64_t room = PMSG_BYTES;
	struct kd_err why;

	if (access(path, W_OK))
		return;
	kd_file_read_number("/sys/module/ramoops/parameters/pmsg_size", 0, &room, NULL);
	if (kd_last_words_to_pmsg(words, path, (size_t)room, &why))
		kd_say(capture, "pstore: %s", why.text);
	else
		kd_say(capture, "pstore: %s written", path);
}

static enum kd_status last_words(struct kd_capture *capture, bool deep, struct kd_err *err)
{
	KD_CLEANUP_FREE char *log = NULL, *report = NULL, *json = NULL, *summary = NULL;
	size_t log_bytes = 0, report_bytes = 0, json_bytes = 0;
	uint64_t id = capture->capture_time_s;
	struct kd_last_words words;
	enum kd_status status;
	struct kd_old old;

	status = kd_old_open(capture, &old, err);
	if (status)
		return status;
	status = text_of(&old, kd_old_write_log, &log, &log_bytes, err);
	if (!status)
		status = kd_old_report(capture, &old, deep, err);
	if (status && log && deep)
		status = kd_old_report(capture, &old, false, err);
	if (!status)
		status = text_of(&old, write_report, &report, &report_bytes, err);
	if (!status)
		status = text_of(&old, write_json, &json, &json_bytes, err);
	kd_old_close(&old);
	if (status && !log)
		return status;
	summary = summarise(capture, json ? json : "", json_bytes);
	take_text(&words, KD_RECORD_SUMMARY, id, summary ? summary : "",
		  summary ? strlen(summary) : 0, SUMMARY_BYTES, false);
	take_text(&words, KD_RECORD_LOG, id, log, log_bytes, LOG_BYTES, true);
	take_text(&words, KD_RECORD_REPORT, id, report ? report : "", report_bytes, REPORT_BYTES,
		  false);
	to_efi(capture, &words);
	to_pmsg(capture, &words);
	return status;
}

enum kd_status kd_capture_last_words(struct kd_capture *capture, struct kd_err *err)
{
	return last_words(capture, true, err);
}

enum kd_status kd_capture_plain_last_words(struct kd_capture *capture, struct kd_err *err)
{
	return last_words(capture, false, err);
}
