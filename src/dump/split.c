/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump/split.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/format.h"
#include "dump/format.h"
#include "dump/kdump_parts.h"
#include "host/system.h"

/* As many as makedumpfile is asked for in earnest; each is an open file. */
enum { MEMBER_LIMIT = 256, GAPS_BYTES = 160 };

/* What differs between the files of a set, made equal. */
static struct kd_kdump_headers common_part(const struct kd_kdump_headers *headers)
{
	struct kd_kdump_headers common = *headers;

	common.header.status &= ~(uint32_t)KD_KDUMP_INCOMPLETE;
	common.sub.start_pfn_32 = common.sub.end_pfn_32 = 0;
	common.sub.start_pfn = common.sub.end_pfn = 0;
	common.sub.erased_offset = common.sub.erased_bytes = 0;
	return common;
}

static bool is_same_dump(const struct kd_kdump_headers *left, const struct kd_kdump_headers *right)
{
	const struct kd_kdump_headers a = common_part(left), b = common_part(right);

	return a.is_32_bit == b.is_32_bit && a.is_diskdump == b.is_diskdump &&
	       !memcmp(&a.header, &b.header, sizeof(a.header)) &&
	       !memcmp(&a.sub, &b.sub, sizeof(a.sub));
}

/* Two dumps of one machine have the same headers; in the notes are registers and the time. */
static bool has_notes(const struct kd_dump *dump, const struct kd_medium *medium)
{
	const struct kd_kdump_sub_header *sub = &dump->compressed.headers.sub;
	char *notes;
	bool same;

	if (!sub->notes_bytes)
		return true;
	notes = malloc(dump->note_bytes_count);
	same = notes &&
	       !kd_medium_copy(medium, sub->notes_offset, notes, dump->note_bytes_count, NULL) &&
	       !memcmp(notes, dump->note_bytes, dump->note_bytes_count);
	free(notes);
	return same;
}

/* What was erased from a member, added to what was from others: each tells of its own. */
static enum kd_status add_erased(struct kd_dump *dump, const struct kd_medium *medium,
				 const struct kd_kdump_sub_header *sub, struct kd_err *err)
{
	size_t had = dump->erase_bytes ? strlen(dump->erase_bytes) : 0;
	enum kd_status status;
	char *grown;

	if (!sub->erased_bytes)
		return KD_OK;
	if (sub->erased_bytes > KD_NOTES_LIMIT || had > KD_NOTES_LIMIT)
		return kd_fail(err, KD_UNSUPPORTED, "what was erased: more than %d bytes",
			       KD_NOTES_LIMIT);
	grown = realloc(dump->erase_bytes, had + sub->erased_bytes + 1);
	if (!grown)
		return kd_fail_errno(err, ENOMEM, "what was erased");
	dump->erase_bytes = grown;
	memset(grown + had, 0, sub->erased_bytes + 1);
	status = kd_medium_copy(medium, sub->erased_offset, grown + had, sub->erased_bytes, err);
	if (status) {
		grown[had] = '\0';
		return kd_context(err, status, "what was erased");
	}
	/* mostly the same filters with the same result */
	if (had && !strncmp(grown, grown + had, had) && !grown[2 * had])
		grown[had] = '\0';
	dump->facts.erased = grown;
	dump->facts.erased_bytes = strlen(grown);
	return KD_OK;
}

static enum kd_status check_range(const struct kd_dump *dump, const struct kd_kdump_sub_header *sub,
				  struct kd_err *err)
{
	if (sub->start_pfn > sub->end_pfn || sub->end_pfn > dump->compressed.max_pfn)
		return kd_fail(err, KD_CORRUPT, "pages 0x%llx up to 0x%llx of 0x%llx",
			       (unsigned long long)sub->start_pfn, (unsigned long long)sub->end_pfn,
			       (unsigned long long)dump->compressed.max_pfn);
	return KD_OK;
}

static enum kd_status add_file(struct kd_dump *dump, const struct kd_medium *medium,
			       struct kd_err *err)
{
	struct kd_file_id *grown =
		realloc(dump->files, (dump->facts.files + 1) * sizeof(*dump->files));

	if (!grown)
		return kd_fail_errno(err, ENOMEM, "a set of files");
	dump->files = grown;
	dump->files[dump->facts.files++] = medium->id;
	return KD_OK;
}

/* Takes the medium, when it gives KD_OK and the range is not empty. */
static enum kd_status add_member(struct kd_dump *dump, const char *path, struct kd_medium *medium,
				 const struct kd_kdump_sub_header *sub, struct kd_err *err)
{
	enum kd_status status = check_range(dump, sub, err);
	struct kd_member *grown;

	if (!status)
		status = add_file(dump, medium, err);
	if (status)
		return status;
	if (sub->start_pfn == sub->end_pfn)
		return KD_OK;
	if (dump->member_count == MEMBER_LIMIT)
		return kd_fail(err, KD_UNSUPPORTED, "a set of more than %d files", MEMBER_LIMIT);
	grown = realloc(dump->members, (dump->member_count + 1) * sizeof(*grown));
	if (!grown)
		return kd_fail_errno(err, ENOMEM, "a set of files");
	dump->members = grown;
	grown += dump->member_count;
	*grown = (struct kd_member){
		.path = strdup(path),
		.medium = medium,
		.start_pfn = sub->start_pfn,
		.end_pfn = sub->end_pfn,
	};
	if (!grown->path)
		return kd_fail_errno(err, ENOMEM, "a set of files");
	dump->member_count++;
	return KD_OK;
}

static void drop_medium(struct kd_medium *medium)
{
	if (!medium)
		return;
	kd_medium_close(medium);
	free(medium);
}

static enum kd_status read_member(struct kd_dump *dump, const struct kd_medium *medium,
				  struct kd_kdump_headers *headers, struct kd_err *err)
{
	enum kd_status status = kd_kdump_headers_read(medium, headers, err);

	if (status)
		return status;
	if (!is_same_dump(&dump->compressed.headers, headers) || !has_notes(dump, medium))
		return kd_fail(err, KD_UNSUPPORTED, "not of the same dump as %s", dump->path);
	return KD_OK;
}

static enum kd_status join(struct kd_dump *dump, const char *path, struct kd_err *err)
{
	struct kd_medium *medium = calloc(1, sizeof(*medium));
	size_t count = dump->member_count;
	struct kd_kdump_headers headers;
	enum kd_status status;

	if (!medium)
		return kd_fail_errno(err, ENOMEM, "%s", path);
	status = kd_medium_open(medium, path, false, err);
	if (!status)
		status = read_member(dump, medium, &headers, err);
	if (!status)
		status = add_erased(dump, medium, &headers.sub, err);
	if (!status)
		status = add_member(dump, path, medium, &headers.sub, err);
	if (!status)
		dump->facts.incomplete |= !!(headers.header.status & KD_KDUMP_INCOMPLETE);
	if (dump->member_count == count)
		drop_medium(medium);
	return status ? kd_context(err, status, "%s", path) : KD_OK;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* Whether two names differ in one number: vmcore.1 and vmcore.12, dump_0.kdump and dump_1.kdump. */
static bool is_alike(const char *a, const char *b)
{
	size_t same = 0, a_digits, b_digits;

	while (a[same] && a[same] == b[same])
		same++;
	if (!a[same] && !b[same])
		return false;
	while (same && count_digits((const char[]){a[same - 1], '\0'}))
		same--;
	a_digits = count_digits(a + same);
	b_digits = count_digits(b + same);
	return a_digits && b_digits && !strcmp(a + same + a_digits, b + same + b_digits);
}

/* Files beside the first one that are named alike and of the same dump. Others are nobody's concern. */
static enum kd_status find_others(struct kd_dump *dump, struct kd_err *err)
{
	const char *slash = strrchr(dump->path, '/');
	const char *name = slash ? slash + 1 : dump->path;
	int folder_bytes = (int)(name - dump->path);
	char *folder = strndup(dump->path, (size_t)folder_bytes);
	DIR *entries = folder ? opendir(*folder ? folder : ".") : NULL;
	struct dirent *entry;
	enum kd_status status = KD_OK;

	free(folder);
	while (entries && !status && (entry = readdir(entries))) {
		struct stat st;
		char *path;

		if (!is_alike(name, entry->d_name))
			continue;
		if (asprintf(&path, "%.*s%s", folder_bytes, dump->path, entry->d_name) < 0) {
			status = kd_fail_errno(err, ENOMEM, "%s", entry->d_name);
			break;
		}
		if (!stat(path, &st) && S_ISREG(st.st_mode) && join(dump, path, err) == KD_NOMEM)
			status = KD_NOMEM;
		free(path);
	}
	if (entries)
		closedir(entries);
	return status;
}

static int by_start(const void *left, const void *right)
{
	const struct kd_member *a = left, *b = right;

	return a->start_pfn < b->start_pfn ? -1 : a->start_pfn > b->start_pfn;
}

/* How much of its descriptors and data a member's file lacks. */
static enum kd_status measure(struct kd_dump *dump, struct kd_member *member, struct kd_err *err)
{
	enum kd_status status =
		kd_kdump_rank(dump->reader, member->start_pfn, &member->start_rank, err);
	uint64_t end_rank;

	if (!status)
		status = kd_kdump_rank(dump->reader, member->end_pfn, &end_rank, err);
	if (status)
		return status;
	dump->facts.saved_pages += end_rank - member->start_rank;
	dump->missing_bytes +=
		kd_kdump_missing_bytes(dump, member->medium, end_rank - member->start_rank);
	return KD_OK;
}

/* Between start and end no file has pages. Those that nobody saved are not missed. */
static enum kd_status add_gap(struct kd_dump *dump, uint64_t start, uint64_t end,
			      struct kd_err *err)
{
	uint64_t before = 0, until = 0;
	size_t length = strlen(dump->gaps);
	enum kd_status status;

	if (start == end)
		return KD_OK;
	status = kd_kdump_rank(dump->reader, start, &before, err);
	if (!status)
		status = kd_kdump_rank(dump->reader, end, &until, err);
	if (status || until == before)
		return status;
	if (length < GAPS_BYTES / 2)
		kd_format(dump->gaps + length, GAPS_BYTES - length, "%s0x%llx to 0x%llx",
			  length ? ", " : "pages ", (unsigned long long)start,
			  (unsigned long long)(end - 1));
	else if (dump->gaps[length - 1] != '.')
		kd_format(dump->gaps + length, GAPS_BYTES - length, "...");
	dump->facts.absent_pages += until - before;
	dump->facts.absent = dump->gaps;
	return KD_OK;
}

/* Puts the members in order, and sees what they have together. */
static enum kd_status put_in_order(struct kd_dump *dump, struct kd_err *err)
{
	uint64_t end = 0;
	enum kd_status status = KD_OK;

	if (dump->member_count) /* else there is no array */
		qsort(dump->members, dump->member_count, sizeof(*dump->members), by_start);
	dump->gaps = calloc(1, GAPS_BYTES);
	if (!dump->gaps)
		return kd_fail_errno(err, ENOMEM, "a set of files");
	dump->facts.saved_pages = 0;
	for (size_t i = 0; i < dump->member_count && !status; i++) {
		struct kd_member *member = &dump->members[i];

		if (member->start_pfn < end)
			return kd_fail(err, KD_CORRUPT, "%s and %s both have page 0x%llx",
				       member[-1].path, member->path,
				       (unsigned long long)member->start_pfn);
		status = add_gap(dump, end, member->start_pfn, err);
		if (!status)
			status = measure(dump, member, err);
		end = member->end_pfn;
	}
	return status ? status : add_gap(dump, end, dump->compressed.max_pfn, err);
}

enum kd_status kd_split_open(struct kd_dump *dump, const char *const *paths, size_t count,
			     struct kd_err *err)
{
	enum kd_status status;

	if (!dump->compressed.headers.sub.split)
		return kd_fail(err, KD_UNSUPPORTED, "a dump of its own, not one of a set of files");
	dump->is_set = true;
	dump->facts.files = 0;
	status = add_member(dump, dump->path, &dump->medium, &dump->compressed.headers.sub, err);
	if (!status && !paths)
		status = find_others(dump, err);
	for (size_t i = 0; i < count && !status; i++)
		status = join(dump, paths[i], err);
	return status ? status : put_in_order(dump, err);
}

void kd_split_close(struct kd_dump *dump)
{
	for (size_t i = 0; i < dump->member_count; i++) {
		if (dump->members[i].medium != &dump->medium)
			drop_medium(dump->members[i].medium);
		free(dump->members[i].path);
	}
	free(dump->members);
	free(dump->files);
	free(dump->gaps);
}

enum kd_status kd_split_find(const struct kd_dump *dump, uint64_t pfn, size_t *member,
			     struct kd_err *err)
{
	const struct kd_member *members = dump->members;
	size_t low = 0, high = dump->member_count;
	uint64_t start, end;

	while (low < high) { /* the first that ends after pfn */
		size_t middle = low + (high - low) / 2;

		if (members[middle].end_pfn <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < dump->member_count && members[low].start_pfn <= pfn) {
		*member = low;
		return KD_OK;
	}
	start = low ? members[low - 1].end_pfn : 0;
	end = low < dump->member_count ? members[low].start_pfn : dump->compressed.max_pfn;
	return kd_fail(err, KD_TRUNCATED,
		       "the file of the set with pages 0x%llx to 0x%llx is missing",
		       (unsigned long long)start, (unsigned long long)(end - 1));
}
