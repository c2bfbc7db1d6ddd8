/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of the crashes that were told of stand in a file, a line each; those that are gone leave it. The message
 * goes to /run/motd.d, which pam_motd(8) shows at every login, and which is empty again after the next boot.
 */
#include "cmd/announce.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "host/file.h"
#include "host/system.h"

enum { STATE_BYTES_MOST = 16 << 20 };

/* Of every crash that is told of: journalctl MESSAGE_ID=… */
#define MESSAGE_ID "f83ee24fe1ef43cab2e248571c341de0"

/* What came of a test crash. */
#define TEST_MESSAGE_ID "e271c4a6e76b407eb86143ff485e161f"

/* Whether a line of text is this name. */
static bool has_line(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (; text && *text; text = *text ? text + 1 : text) {
		size_t line = strcspn(text, "\n");

		if (line == length && !strncmp(text, name, length))
			return true;
		text += line;
	}
	return false;
}

static const char *or_unknown(const char *text)
{
	return text ? text : "unknown";
}

static void to_journal(const struct kd_news *news)
{
	const struct kd_crash *crash = news->crash;

	sd_journal_send("MESSAGE=The kernel crashed: %s", or_unknown(crash->sentence),
			"MESSAGE_ID=" MESSAGE_ID, "PRIORITY=2", "KDUMP_PATH=%s/%s", news->folder,
			crash->folder, "KDUMP_SIGNATURE=%s", or_unknown(crash->signature),
			"KDUMP_KIND=%s", or_unknown(crash->kind), "KDUMP_HOST=%s",
			crash->host ? crash->host : crash->name.host, "KDUMP_RELEASE=%s",
			or_unknown(crash->release), "KDUMP_TIME=%llu",
			(unsigned long long)(crash->crash_time_s ? crash->crash_time_s
								 : crash->name.time_s),
			"KDUMP_COMPLETE=%s", crash->complete ? "yes" : "no", "KDUMP_REASON=%s",
			crash->reason ? crash->reason : "", NULL);
}

static enum kd_status to_motd(const struct kd_paths *paths, const struct kd_news *news,
			      size_t count, struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	char folder[PATH_MAX], path[PATH_MAX];
	enum kd_status status;
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);

	if (!stream)
		return kd_fail_errno(err, ENOMEM, "motd");
	fputs("This machine's kernel crashed:\n", stream);
	for (size_t i = 0; i < count; i++)
		if (news[i].is_new)
			fprintf(stream, "  %s: %s\n", news[i].crash->folder,
				or_unknown(news[i].crash->sentence));
	fputs("`kdump list` tells more.\n", stream);
	if (fclose(stream))
		return kd_fail_errno(err, ENOMEM, "motd");
	kd_path(folder, paths->root ? paths->root : "", "run/motd.d");
	status = kd_make_folders(folder, 0755, err);
	/* written as root, and read as whoever logs in */
	return status ? status
		      : kd_file_replace(kd_path(path, folder, "kdump"), text, bytes, 0644, err);
}

static bool is_among(const struct kd_news *news, size_t count, const char *name, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(news[i].crash->folder) == length &&
		    !strncmp(news[i].crash->folder, name, length))
			return true;
	return false;
}

/* Those of a target that is not mounted today would else be news when it is again. */
static void put_others(FILE *stream, const char *told, const struct kd_news *news, size_t count)
{
	while (told && *told) {
		size_t length = strcspn(told, "\n");

		if (length && !is_among(news, count, told, length))
			fprintf(stream, "%.*s\n", (int)length, told);
		told += length + (told[length] == '\n');
	}
}

static enum kd_status keep_names(const char *path, const struct kd_announcing *announcing,
				 const char *told, const struct kd_news *news, size_t count,
				 struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	enum kd_status status = kd_make_folders(announcing->paths->state, 0755, err);
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);

	if (!stream)
		return kd_fail_errno(err, ENOMEM, "%s", path);
	if (announcing->partial)
		put_others(stream, told, news, count);
	for (size_t i = 0; i < count; i++)
		if (!is_among(news, i, news[i].crash->folder, strlen(news[i].crash->folder)))
			fprintf(stream, "%s\n", news[i].crash->folder);
	if (fclose(stream))
		return kd_fail_errno(err, ENOMEM, "%s", path);
	return status ? status : kd_file_replace(path, text, bytes, 0644, err);
}

/* Whether another one of the name is what is told of: a whole dump before a part of it, and else the first. */
static bool is_told_by_another(const struct kd_news *news, size_t count, size_t index)
{
	const struct kd_crash *it = news[index].crash;

	for (size_t i = 0; i < count; i++) {
		const struct kd_crash *other = news[i].crash;

		if (i != index && !strcmp(other->folder, it->folder) &&
		    (other->complete == it->complete ? i < index : other->complete))
			return true;
	}
	return false;
}

enum kd_status kd_announce(const struct kd_announcing *announcing, struct kd_news *news,
			   size_t count, struct kd_err *err)
{
	KD_CLEANUP_FREE char *told = NULL;
	enum kd_status status = KD_OK;
	size_t bytes, new_count = 0;
	char path[PATH_MAX];

	kd_path(path, announcing->paths->state, "announced");
	kd_file_read(path, STATE_BYTES_MOST, &told, &bytes, NULL);
	for (size_t i = 0; i < count; i++) {
		news[i].is_new = !has_line(told, news[i].crash->folder) &&
				 !is_told_by_another(news, count, i);
		new_count += news[i].is_new;
		if (news[i].is_new && announcing->journal)
			to_journal(&news[i]);
	}
	if (!new_count)
		return KD_OK;
	if (announcing->motd)
		status = to_motd(announcing->paths, news, count, err);
	return status ? status : keep_names(path, announcing, told, news, count, err);
}

void kd_announce_test(const char *text, const char *path, bool complete)
{
	sd_journal_send("MESSAGE=%s", text, "MESSAGE_ID=" TEST_MESSAGE_ID, "PRIORITY=%d",
			complete ? LOG_NOTICE : LOG_ERR, "KDUMP_PATH=%s", path, "KDUMP_COMPLETE=%s",
			complete ? "yes" : "no", NULL);
}
