/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/format.h"
#include "host/file.h"
#include "host/system.h"
#include "kernel/log_layout.h"

static const struct kd_klog_layout *const layouts[] = {
	&kd_klog_ring,
	&kd_klog_records,
};

enum { LAYOUT_COUNT = sizeof(layouts) / sizeof(*layouts), PREFIX_BYTES = 40 };

enum kd_status kd_klog_each(struct kd_kernel *kernel, kd_klog_visit *visit, void *opaque,
			    struct kd_klog_summary *summary, struct kd_err *err)
{
	struct kd_klog_summary unused;
	KD_CLEANUP_FREE char *text = NULL;

	if (kd_kernel_need_64_bits(kernel, "kernel log", err))
		return KD_UNSUPPORTED;
	text = malloc(KD_KLOG_TEXT_BYTES);
	if (!text)
		return kd_fail_errno(err, ENOMEM, "kernel log");
	if (!summary)
		summary = &unused;
	*summary = (struct kd_klog_summary){0};
	for (int i = 0; i < LAYOUT_COUNT; i++) {
		uint64_t vaddr;
		enum kd_status status;

		if (kd_vmcoreinfo_symbol(kd_kernel_vmcoreinfo(kernel), layouts[i]->symbol, &vaddr,
					 NULL))
			continue;
		status = layouts[i]->each(kernel, text, visit, opaque, summary, err);
		return status ? kd_context(err, status, "kernel log") : KD_OK;
	}
	return kd_fail(err, KD_NOTFOUND,
		       "kernel log: VMCOREINFO has neither SYMBOL(prb) nor SYMBOL(log_first_idx)");
}

enum kd_status kd_klog_fields(struct kd_kernel *kernel, const struct kd_klog_field *fields,
			      size_t count, void *into, struct kd_err *err)
{
	const struct kd_vmcoreinfo *info = kd_kernel_vmcoreinfo(kernel);

	for (size_t i = 0; i < count; i++) {
		uint64_t value;
		enum kd_status status =
			fields[i].is_size ? kd_vmcoreinfo_size(info, fields[i].name, &value, err)
					  : kd_vmcoreinfo_offset(info, fields[i].name, &value, err);

		if (status)
			return status;
		/* no structure of the log is larger than a page: keeps sums small */
		if (value > 4096)
			return kd_fail(err, KD_CORRUPT, "%s: %llu bytes are too many",
				       fields[i].name, (unsigned long long)value);
		memcpy((char *)into + fields[i].member, &value, sizeof(value));
	}
	return KD_OK;
}

enum kd_status kd_klog_number(struct kd_kernel *kernel, uint64_t vaddr, size_t bytes,
			      uint64_t *value, struct kd_err *err)
{
	uint8_t raw[8] = {0};
	enum kd_status status = kd_kernel_read(kernel, vaddr, raw, bytes, err);
	struct kd_bytes reader = kd_bytes(raw, sizeof(raw));

	if (!status)
		*value = kd_bytes_u64(&reader);
	return status;
}

void kd_klog_copy(char *text, size_t text_bytes, const void *from, size_t bytes)
{
	const char *c = from;
	size_t i;

	for (i = 0; i < bytes && i + 1 < text_bytes && c[i]; i++)
		text[i] = c[i] >= ' ' && c[i] <= '~' ? c[i] : '?';
	text[i] = '\0';
}

static bool is_plain(unsigned char c)
{
	return (c >= ' ' && c <= '~') || c == '\t';
}

enum kd_status kd_klog_print_after(const struct kd_klog_record *record, const char *prefix,
				   bool indent, kd_klog_write *write, void *opaque,
				   struct kd_err *err)
{
	size_t prefix_bytes = strlen(prefix), at = 0;
	enum kd_status status = write(opaque, prefix, prefix_bytes, err);
	char escape[8];

	while (!status && at < record->text_bytes) {
		size_t from = at;

		while (at < record->text_bytes && is_plain((unsigned char)record->text[at]))
			at++;
		if (at > from) {
			status = write(opaque, record->text + from, at - from, err);
		} else if (record->text[at] == '\n') {
			at++;
			status = write(opaque, "\n", 1, err);
			for (size_t i = 0; !status && indent && i < prefix_bytes; i++)
				status = write(opaque, " ", 1, err);
			if (!status && !indent)
				status = write(opaque, prefix, prefix_bytes, err);
		} else {
			kd_format(escape, sizeof(escape), "\\x%02x",
				  (unsigned char)record->text[at++]);
			status = write(opaque, escape, 4, err);
		}
	}
	return status ? status : write(opaque, "\n", 1, err);
}

enum kd_status kd_klog_print(const struct kd_klog_record *record, kd_klog_write *write,
			     void *opaque, struct kd_err *err)
{
	char prefix[PREFIX_BYTES];

	kd_format(prefix, sizeof(prefix), "[%5llu.%06llu] ",
		  (unsigned long long)(record->time_ns / 1000000000),
		  (unsigned long long)(record->time_ns / 1000 % 1000000));
	return kd_klog_print_after(record, prefix, false, write, opaque, err);
}

struct span {
	char *buffer;
	size_t bytes, length;
};

static enum kd_status write_span(void *opaque, const char *piece, size_t bytes, struct kd_err *err)
{
	struct span *span = opaque;

	if (span->length + 1 < span->bytes) {
		size_t room = span->bytes - 1 - span->length;

		memcpy(span->buffer + span->length, piece, bytes < room ? bytes : room);
	}
	span->length += bytes;
	return KD_OK;
}

size_t kd_klog_format(const struct kd_klog_record *record, char *buffer, size_t bytes)
{
	struct span span = {.buffer = buffer, .bytes = bytes};

	kd_klog_print(record, write_span, &span, NULL);
	if (bytes)
		buffer[span.length < bytes ? span.length : bytes - 1] = '\0';
	return span.length;
}

const char *kd_klog_level_name(unsigned int level)
{
	static const char *const names[] = {"emerg", "alert",  "crit", "err",
					    "warn",  "notice", "info", "debug"};

	return level < sizeof(names) / sizeof(*names) ? names[level] : "unknown";
}

const char *kd_klog_facility_name(unsigned int facility)
{
	static const char *const names[] = {"kern", "user", "mail", "daemon", "auth",     "syslog",
					    "lpr",  "news", "uucp", "cron",   "authpriv", "ftp"};

	return facility < sizeof(names) / sizeof(*names) ? names[facility] : "other";
}
