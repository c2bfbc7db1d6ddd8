/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buffer of records, kernels 3.5 to 5.9 (commit 7ff9554bb578, "printk: convert byte-buffer to
 * variable-length record buffer"; struct printk_log, `log` until 3.10). log_buf holds records one after another,
 * each starting with its header and its own length; a length of 0 says that the next is at offset 0. The
 * oldest is at log_first_idx, and log_next_idx is where the next would go.
 */
#include <string.h>

#include "base/bytes.h"
#include "kernel/log_layout.h"

enum {
	WORD = 8,
	HEADER_BYTES = 64,
	HEADER_TAIL_BYTES = 2,
	BUFFER_LIMIT = 1 << 30,
	DICTIONARY_BYTES = 256
};

struct layout {
	uint64_t header_bytes, ts_nsec, len, text_len;
};

struct buffer {
	struct kd_kernel *kernel;
	struct layout at;
	uint64_t data;               /* virtual address */
	uint64_t bytes, first, next; /* offsets in it */
};

static enum kd_status read_layout(struct buffer *buffer, struct kd_err *err)
{
	/* renamed by commit 62e32ac3505a, 3.11 */
	static const struct kd_klog_field fields[2][4] = {
		{{"printk_log", true, offsetof(struct layout, header_bytes)},
		 {"printk_log.ts_nsec", false, offsetof(struct layout, ts_nsec)},
		 {"printk_log.len", false, offsetof(struct layout, len)},
		 {"printk_log.text_len", false, offsetof(struct layout, text_len)}},
		{{"log", true, offsetof(struct layout, header_bytes)},
		 {"log.ts_nsec", false, offsetof(struct layout, ts_nsec)},
		 {"log.len", false, offsetof(struct layout, len)},
		 {"log.text_len", false, offsetof(struct layout, text_len)}},
	};
	struct layout *at = &buffer->at;
	enum kd_status status = kd_klog_fields(buffer->kernel, fields[1], 4, at, NULL);

	if (status == KD_NOTFOUND)
		status = kd_klog_fields(buffer->kernel, fields[0], 4, at, err);
	if (status)
		return kd_context(err, status, "record header");
	/* facility and level: the two bytes after dict_len, which follows text_len */
	if (at->header_bytes > HEADER_BYTES || at->ts_nsec + WORD > at->header_bytes ||
	    at->len + 2 > at->header_bytes ||
	    at->text_len + 4 + HEADER_TAIL_BYTES > at->header_bytes)
		return kd_fail(err, KD_CORRUPT, "a field lies outside its structure");
	return KD_OK;
}

static enum kd_status open_buffer(struct buffer *buffer, struct kd_err *err)
{
	const struct {
		const char *symbol;
		size_t bytes;
		uint64_t *value;
	} wanted[] = {
		{"log_buf", WORD, &buffer->data},
		{"log_buf_len", 4, &buffer->bytes},
		{"log_first_idx", 4, &buffer->first},
		{"log_next_idx", 4, &buffer->next},
	};
	enum kd_status status = read_layout(buffer, err);

	for (size_t i = 0; !status && i < sizeof(wanted) / sizeof(*wanted); i++) {
		uint64_t vaddr;

		status = kd_vmcoreinfo_symbol(kd_kernel_vmcoreinfo(buffer->kernel),
					      wanted[i].symbol, &vaddr, err);
		if (!status)
			status = kd_klog_number(buffer->kernel, vaddr, wanted[i].bytes,
						wanted[i].value, err);
	}
	if (status)
		return status;
	if (buffer->bytes > BUFFER_LIMIT || buffer->first > buffer->bytes ||
	    buffer->next > buffer->bytes)
		return kd_fail(err, KD_CORRUPT, "records %llu to %llu of a buffer of %llu bytes",
			       (unsigned long long)buffer->first, (unsigned long long)buffer->next,
			       (unsigned long long)buffer->bytes);
	return KD_OK;
}

/* Behind the text: "SUBSYSTEM=pci", NUL, "DEVICE=+pci:0000:00:02.0", of either what there is. */
static void read_dictionary(struct buffer *buffer, uint64_t at, size_t bytes,
			    struct kd_klog_record *record)
{
	const struct {
		const char *key;
		char *value;
		size_t value_bytes;
	} entries[] = {
		{"SUBSYSTEM=", record->subsystem, sizeof(record->subsystem)},
		{"DEVICE=", record->device, sizeof(record->device)},
	};
	char text[DICTIONARY_BYTES];

	if (bytes > sizeof(text) ||
	    kd_kernel_read(buffer->kernel, buffer->data + at, text, bytes, NULL))
		return;
	for (size_t from = 0; from < bytes; from += strnlen(text + from, bytes - from) + 1)
		for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
			size_t key_bytes = strlen(entries[i].key);

			if (bytes - from > key_bytes &&
			    !memcmp(text + from, entries[i].key, key_bytes))
				kd_klog_copy(entries[i].value, entries[i].value_bytes,
					     text + from + key_bytes, bytes - from - key_bytes);
		}
}

/* Reads the record at `at`; *length gets the distance to the next, 0 for the wrap. */
static bool read_record(struct buffer *buffer, uint64_t at, char *text, uint64_t *length,
			struct kd_klog_record *record)
{
	uint64_t header_bytes = buffer->at.header_bytes;
	uint8_t header[HEADER_BYTES];
	struct kd_bytes reader = kd_bytes(header, header_bytes);
	size_t dictionary_bytes;
	uint8_t flags;

	if (at + header_bytes > buffer->bytes ||
	    kd_kernel_read(buffer->kernel, buffer->data + at, header, header_bytes, NULL))
		return false;
	kd_bytes_seek(&reader, buffer->at.len);
	*length = kd_bytes_u16(&reader);
	if (!*length)
		return true;
	*record = (struct kd_klog_record){.text = text};
	kd_bytes_seek(&reader, buffer->at.ts_nsec);
	record->time_ns = kd_bytes_u64(&reader);
	kd_bytes_seek(&reader, buffer->at.text_len);
	record->text_bytes = kd_bytes_u16(&reader);
	dictionary_bytes = kd_bytes_u16(&reader);
	record->facility = kd_bytes_u8(&reader);
	flags = kd_bytes_u8(&reader); /* 5 bits of flags, 3 of level */
	record->level = flags >> 5;
	record->continuation = flags & KD_KLOG_CONT;
	if (*length < header_bytes + record->text_bytes || at + *length > buffer->bytes ||
	    kd_kernel_read(buffer->kernel, buffer->data + at + header_bytes, text,
			   record->text_bytes, NULL))
		return false;
	if (*length >= header_bytes + record->text_bytes + dictionary_bytes)
		read_dictionary(buffer, at + header_bytes + record->text_bytes, dictionary_bytes,
				record);
	return true;
}

static enum kd_status each(struct kd_kernel *kernel, char *text, kd_klog_visit *visit, void *opaque,
			   struct kd_klog_summary *summary, struct kd_err *err)
{
	struct buffer buffer = {.kernel = kernel};
	struct kd_klog_record record;
	enum kd_status status = open_buffer(&buffer, err);
	bool wrapped = false;
	uint64_t at, length;

	if (status)
		return status;
	/* ends: every step goes forward by a header at least, and the buffer is entered anew once */
	for (at = buffer.first; at != buffer.next;) {
		if (!read_record(&buffer, at, text, &length, &record)) {
			summary->damaged++;
			break; /* without its length, no way on */
		}
		if (!length) {
			if (wrapped)
				break;
			wrapped = true;
			at = 0;
			continue;
		}
		record.sequence = summary->records++;
		at += length;
		if (!visit(opaque, &record))
			break;
	}
	return KD_OK;
}

const struct kd_klog_layout kd_klog_records = {.symbol = "log_first_idx", .each = each};
