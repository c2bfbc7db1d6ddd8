/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/vmcoreinfo.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/format.h"

enum { KEY_BYTES = 128, SHOWN_BYTES = 40 };

static int compare(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);

	return order ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

/* The index of a key, or where it belongs. */
static size_t find(const struct kd_vmcoreinfo *info, const char *key, size_t key_bytes, bool *found)
{
	size_t low = 0, high = info->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct kd_vmcoreinfo_entry *entry = &info->entries[middle];
		int order = compare(key, key_bytes, entry->key, entry->key_bytes);

		if (!order) {
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static enum kd_status add_line(struct kd_vmcoreinfo *info, const char *line, size_t bytes,
			       struct kd_err *err)
{
	const char *equals = memchr(line, '=', bytes);
	struct kd_vmcoreinfo_entry entry = {.key = line};
	bool found;
	size_t at;

	/* whoever adds to VMCOREINFO may say it in a way of its own; the rest is as good as ever */
	if (!equals || equals == line)
		return KD_OK;
	entry.key_bytes = (size_t)(equals - line);
	entry.value = equals + 1;
	entry.value_bytes = bytes - entry.key_bytes - 1;
	at = find(info, entry.key, entry.key_bytes, &found);
	if (!found) {
		if (info->count == KD_VMCOREINFO_LIMIT)
			return kd_fail(err, KD_UNSUPPORTED, "VMCOREINFO: more than %d lines",
				       KD_VMCOREINFO_LIMIT);
		memmove(&info->entries[at + 1], &info->entries[at],
			(info->count - at) * sizeof(*info->entries));
		info->count++;
	}
	info->entries[at] = entry;
	return KD_OK;
}

enum kd_status kd_vmcoreinfo_init(struct kd_vmcoreinfo *info, const char *text, size_t bytes,
				  struct kd_err *err)
{
	const bool empty = !bytes;

	info->count = 0;
	if (bytes > KD_VMCOREINFO_BYTES)
		return kd_fail(err, KD_UNSUPPORTED, "VMCOREINFO: %zu bytes", bytes);
	while (bytes) {
		const char *end = memchr(text, '\n', bytes);
		size_t line = end ? (size_t)(end - text) : bytes;
		enum kd_status status = line ? add_line(info, text, line, err) : KD_OK;

		if (status)
			return status;
		line += end != NULL;
		text += line;
		bytes -= line;
	}
	return info->count || empty ? KD_OK
				    : kd_fail(err, KD_CORRUPT, "VMCOREINFO: no line is KEY=VALUE");
}

enum kd_status kd_vmcoreinfo_text(const struct kd_vmcoreinfo *info, const char *key,
				  const char **value, size_t *bytes, struct kd_err *err)
{
	bool found;
	size_t at = find(info, key, strlen(key), &found);

	if (!found)
		return kd_fail(err, KD_NOTFOUND, "VMCOREINFO has no %s", key);
	*value = info->entries[at].value;
	*bytes = info->entries[at].value_bytes;
	return KD_OK;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return 16;
}

static bool parse(const char *text, size_t bytes, unsigned int base, uint64_t *value)
{
	uint64_t sum = 0;

	if (base == 16 && bytes > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
		text += 2;
		bytes -= 2;
	}
	if (!bytes)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		unsigned int digit = (unsigned int)digit_value(text[i]);

		if (digit >= base || !kd_multiply(sum, base, &sum) || !kd_add(sum, digit, &sum))
			return false;
	}
	*value = sum;
	return true;
}

enum kd_status kd_vmcoreinfo_key(const struct kd_vmcoreinfo *info, const char *key,
				 unsigned int base, uint64_t *value, struct kd_err *err)
{
	const char *text;
	size_t bytes;
	enum kd_status status = kd_vmcoreinfo_text(info, key, &text, &bytes, err);

	if (status)
		return status;
	if (!parse(text, bytes, base, value))
		return kd_fail(err, KD_CORRUPT, "VMCOREINFO: %s=%.*s is no number", key,
			       (int)(bytes < SHOWN_BYTES ? bytes : SHOWN_BYTES), text);
	return KD_OK;
}

static enum kd_status wrapped(const struct kd_vmcoreinfo *info, const char *kind, const char *name,
			      unsigned int base, uint64_t *value, struct kd_err *err)
{
	char key[KEY_BYTES];

	kd_format(key, sizeof(key), "%s(%s)", kind, name);
	return kd_vmcoreinfo_key(info, key, base, value, err);
}

enum kd_status kd_vmcoreinfo_symbol(const struct kd_vmcoreinfo *info, const char *name,
				    uint64_t *vaddr, struct kd_err *err)
{
	return wrapped(info, "SYMBOL", name, 16, vaddr, err);
}

enum kd_status kd_vmcoreinfo_offset(const struct kd_vmcoreinfo *info, const char *name,
				    uint64_t *offset, struct kd_err *err)
{
	return wrapped(info, "OFFSET", name, 10, offset, err);
}

enum kd_status kd_vmcoreinfo_size(const struct kd_vmcoreinfo *info, const char *name,
				  uint64_t *bytes, struct kd_err *err)
{
	return wrapped(info, "SIZE", name, 10, bytes, err);
}

enum kd_status kd_vmcoreinfo_length(const struct kd_vmcoreinfo *info, const char *name,
				    uint64_t *length, struct kd_err *err)
{
	return wrapped(info, "LENGTH", name, 10, length, err);
}

enum kd_status kd_vmcoreinfo_number(const struct kd_vmcoreinfo *info, const char *name,
				    int64_t *number, struct kd_err *err)
{
	char key[KEY_BYTES];
	const char *text;
	size_t bytes;
	uint64_t value;
	enum kd_status status;

	kd_format(key, sizeof(key), "NUMBER(%s)", name);
	status = kd_vmcoreinfo_text(info, key, &text, &bytes, err);
	if (status)
		return status;
	if (bytes && text[0] == '-') {
		if (parse(text + 1, bytes - 1, 10, &value) && value <= UINT64_C(1) << 63) {
			*number = (int64_t)-value;
			return KD_OK;
		}
		/* arm64 writes some of its numbers in hexadecimal */
	} else if (parse(text, bytes, bytes > 2 && text[1] == 'x' ? 16 : 10, &value)) {
		*number = (int64_t)value;
		return KD_OK;
	}
	return kd_fail(err, KD_CORRUPT, "VMCOREINFO: %s is no number", key);
}
