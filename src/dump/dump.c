/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump/dump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "dump/format.h"
#include "host/system.h"

static const struct kd_format *const formats[] = {
	&kd_format_elf,
	&kd_format_kdump,
	&kd_format_diskdump,
};

enum { FORMAT_COUNT = sizeof(formats) / sizeof(*formats), MAGIC_BYTES = 16 };

static enum kd_status recognize(struct kd_dump *dump, struct kd_err *err)
{
	char magic[MAGIC_BYTES] = {0};
	size_t got;
	enum kd_status status;

	if (dump->options.raw) {
		dump->format = &kd_format_raw;
		return dump->format->open(dump, err);
	}
	status = kd_medium_read(&dump->medium, 0, magic, sizeof(magic), &got, err);
	if (status)
		return status;
	for (int i = 0; i < FORMAT_COUNT; i++)
		if (!memcmp(magic, formats[i]->magic, formats[i]->magic_bytes)) {
			dump->format = formats[i];
			return formats[i]->open(dump, err);
		}
	return kd_fail(err, KD_UNSUPPORTED,
		       "not a dump that kdump can read (ELF core, kdump-compressed, flattened); "
		       "bare memory is read with --raw-input");
}

static enum kd_status check_window(size_t bytes, struct kd_err *err)
{
	if (bytes && (bytes & (bytes - 1) || bytes < (size_t)sysconf(_SC_PAGESIZE)))
		return kd_fail(err, KD_INVALID,
			       "a window of %zu bytes is no power of two of at least a page",
			       bytes);
	return KD_OK;
}

/* The others are of its set; NULL: those are to be found, if it is one of a set. */
static enum kd_status open_dump(const char *path, const char *const *others, size_t count,
				const struct kd_dump_options *options, struct kd_dump **dump,
				struct kd_err *err)
{
	struct kd_dump *made = NULL;
	enum kd_status status;

	status = check_window(options ? options->window_bytes : 0, err);
	if (status)
		return kd_context(err, status, "%s", path);
	made = calloc(1, sizeof(*made));
	if (!made)
		return kd_fail_errno(err, ENOMEM, "%s", path);
	made->medium.fd = -1;
	if (options)
		made->options = *options;
	made->facts.level = -1;
	made->facts.files = 1;
	made->path = strdup(path);
	status = made->path ? kd_medium_open(&made->medium, path, made->options.raw, err)
			    : kd_fail_errno(err, ENOMEM, "opening");
	if (!status)
		status = kd_reader_open(made, &made->reader, err);
	made->facts.flattened = made->medium.extents != NULL;
	made->facts.cut = made->medium.cut;
	if (!status)
		status = recognize(made, err);
	if (!status && (count || made->compressed.headers.sub.split))
		status = kd_split_open(made, others, count, err);
	if (status) {
		kd_dump_close(made);
		return kd_context(err, status, "%s", path);
	}
	*dump = made;
	return KD_OK;
}

enum kd_status kd_dump_open(const char *path, const struct kd_dump_options *options,
			    struct kd_dump **dump, struct kd_err *err)
{
	size_t others = options ? options->other_count : 0;

	return open_dump(path, others ? options->others : NULL, others, options, dump, err);
}

enum kd_status kd_dump_open_set(const char *const *paths, size_t count,
				const struct kd_dump_options *options, struct kd_dump **dump,
				struct kd_err *err)
{
	if (!count)
		return kd_fail(err, KD_INVALID, "a set of no files");
	return open_dump(paths[0], paths + 1, count - 1, options, dump, err);
}

void kd_dump_close(struct kd_dump *dump)
{
	if (!dump)
		return;
	kd_reader_close(dump->reader);
	kd_split_close(dump);
	kd_medium_close(&dump->medium);
	free(dump->segments);
	free(dump->notes);
	free(dump->note_bytes);
	free(dump->info_bytes);
	free(dump->erase_bytes);
	free(dump->compressed.ranks);
	free(dump->path);
	free(dump);
}

const char *kd_dump_path(const struct kd_dump *dump)
{
	return dump->path;
}

const char *kd_dump_format(const struct kd_dump *dump)
{
	return dump->format->name;
}

const struct kd_arch *kd_dump_arch(const struct kd_dump *dump)
{
	return dump->arch;
}

const struct kd_dump_facts *kd_dump_facts(const struct kd_dump *dump)
{
	return &dump->facts;
}

uint64_t kd_dump_file_bytes(const struct kd_dump *dump)
{
	return dump->medium.file_bytes;
}

bool kd_dump_has_file(const struct kd_dump *dump, const char *path)
{
	const struct kd_file_id *ids = dump->files ? dump->files : &dump->medium.id;
	struct kd_file_id id;
	struct stat st;

	if (stat(path, &st))
		return false;
	id = kd_file_id(&st);
	for (size_t i = 0; i < dump->facts.files; i++)
		if (ids[i].device == id.device && ids[i].inode == id.inode)
			return true;
	return false;
}

uint64_t kd_dump_missing_bytes(const struct kd_dump *dump)
{
	return dump->missing_bytes ? dump->missing_bytes : dump->medium.cut;
}

const struct kd_segment *kd_dump_segments(const struct kd_dump *dump, size_t *count)
{
	*count = dump->segment_count;
	return dump->segments;
}

const struct kd_segment *kd_dump_aliases(const struct kd_dump *dump, size_t *count)
{
	*count = dump->alias_count;
	return dump->aliases;
}

const void *kd_dump_note_bytes(const struct kd_dump *dump, size_t *bytes)
{
	*bytes = dump->note_bytes_count;
	return dump->note_bytes;
}

const struct kd_note *kd_dump_notes(const struct kd_dump *dump, size_t *count)
{
	*count = dump->note_count;
	return dump->notes;
}

const char *kd_dump_vmcoreinfo(const struct kd_dump *dump, size_t *bytes)
{
	*bytes = dump->vmcoreinfo_bytes;
	return dump->vmcoreinfo;
}

uint64_t kd_dump_content_bytes(const struct kd_dump *dump)
{
	return dump->medium.bytes;
}

enum kd_status kd_dump_content(const struct kd_dump *dump, uint64_t offset, void *buffer,
			       size_t bytes, struct kd_err *err)
{
	return kd_medium_copy(&dump->medium, offset, buffer, bytes, err);
}

const struct kd_progress *kd_dump_search(const struct kd_dump *dump)
{
	return dump->options.search;
}

struct kd_reader *kd_dump_reader(const struct kd_dump *dump)
{
	return dump->reader;
}

enum kd_status kd_dump_read(struct kd_dump *dump, uint64_t paddr, void *buffer, size_t bytes,
			    struct kd_err *err)
{
	return kd_reader_read(dump->reader, paddr, buffer, bytes, err);
}

enum kd_status kd_fail_hole(struct kd_err *err, uint64_t paddr)
{
	return kd_fail(err, KD_HOLE, "physical address 0x%llx: no RAM there",
		       (unsigned long long)paddr);
}

enum kd_status kd_fail_excluded(struct kd_err *err, uint64_t paddr)
{
	return kd_fail(err, KD_EXCLUDED, "physical address 0x%llx: RAM, but left out of the dump",
		       (unsigned long long)paddr);
}
