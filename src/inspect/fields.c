/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

enum { NAME_BYTES = 128, PIECE_BYTES = 64 };

static enum kd_status find_type(const struct kd_btf *btf, const char *name, size_t length,
				struct kd_btf_type *type, struct kd_err *err)
{
	static const enum kd_btf_kind kinds[] = {KD_BTF_STRUCT, KD_BTF_UNION, KD_BTF_TYPEDEF,
						 KD_BTF_ENUM, KD_BTF_INT};
	char word[NAME_BYTES];
	enum kd_status status = KD_NOTFOUND;

	if (length >= sizeof(word))
		return kd_fail(err, KD_NOTFOUND, "no type has so long a name");
	memcpy(word, name, length);
	word[length] = '\0';
	for (size_t i = 0; status == KD_NOTFOUND && i < sizeof(kinds) / sizeof(*kinds); i++)
		status = kd_btf_find(btf, kinds[i], word, type, NULL);
	if (status)
		return kd_fail(err, KD_NOTFOUND, "the kernel has no type %s", word);
	return kd_btf_resolve(btf, type->id, type, err);
}

/* Through [N][M] to an element. */
static enum kd_status index_array(const struct kd_btf *btf, const char *at, struct kd_field *field,
				  struct kd_btf_type *type, struct kd_err *err)
{
	while (*at == '[') {
		uint32_t type_id, elements;
		uint64_t bytes;
		char *end;
		unsigned long number = strtoul(at + 1, &end, 0);
		enum kd_status status;

		if (type->kind != KD_BTF_ARRAY || *end != ']')
			return kd_fail(err, KD_NOTFOUND, "%s: no array", at);
		kd_btf_array(btf, type, &type_id, &elements);
		if (number >= elements)
			return kd_fail(err, KD_NOTFOUND, "element %lu of %u", number, elements);
		status = kd_btf_size(btf, type_id, &bytes, err);
		if (!status)
			status = kd_btf_resolve(btf, type_id, type, err);
		if (status)
			return status;
		field->offset += number * bytes;
		field->type_id = type_id;
		at = end + 1;
	}
	return KD_OK;
}

static enum kd_status find_path(const struct kd_btf *btf, const char *path, size_t length,
				struct kd_field *field, struct kd_err *err)
{
	const char *end = path + length;
	size_t word = strcspn(path, ".|");
	struct kd_btf_type type;
	enum kd_status status = find_type(btf, path, word, &type, err);

	*field = (struct kd_field){.type_id = status ? 0 : type.id};
	for (path += word; !status && path < end && *path == '.'; path += word) {
		struct kd_btf_member member;
		size_t name;

		path++;
		word = strcspn(path, ".|");
		name = strcspn(path, ".|[");
		status = kd_btf_member_in(btf, &type, path, name, &member, err);
		if (status)
			return status;
		field->offset += member.offset_bits / 8;
		field->shift = (uint8_t)(member.offset_bits % 8);
		field->bits = (uint8_t)member.bits;
		field->type_id = member.type_id;
		status = kd_btf_resolve(btf, member.type_id, &type, err);
		if (!status)
			status = index_array(btf, path + name, field, &type, err);
	}
	if (!status && field->bits)
		field->bytes = (uint64_t)(field->shift + field->bits + 7) / 8;
	else if (!status)
		status = kd_btf_size(btf, field->type_id, &field->bytes, err);
	return status;
}

enum kd_status kd_field_find_in(const struct kd_btf *btf, const char *path, struct kd_field *field,
				struct kd_err *err)
{
	struct kd_field found;
	enum kd_status status;

	for (;;) {
		size_t length = strcspn(path, "|");

		status = find_path(btf, path, length, &found, err);
		if (status != KD_NOTFOUND || !path[length])
			break;
		path += length + 1;
	}
	if (!status)
		*field = found;
	return status;
}

enum kd_status kd_field_find(struct kd_system *system, const char *path, struct kd_field *field,
			     struct kd_err *err)
{
	const struct kd_btf *btf = kd_system_types(system, err);

	if (!btf)
		return err ? err->status : KD_UNSUPPORTED;
	return kd_field_find_in(btf, path, field, err);
}

static uint64_t number(const struct kd_field *field, const uint8_t *data)
{
	uint64_t value = 0;

	memcpy(&value, data, field->bytes < sizeof(value) ? field->bytes : sizeof(value));
	if (field->bits)
		value = value >> field->shift &
			(field->bits < 64 ? (UINT64_C(1) << field->bits) - 1 : UINT64_MAX);
	return value;
}

enum kd_status kd_field_get(struct kd_system *system, uint64_t vaddr, const struct kd_field *field,
			    uint64_t *value, struct kd_err *err)
{
	uint8_t data[8] = {0};
	enum kd_status status;

	if (field->bytes > sizeof(data))
		return kd_fail(err, KD_INVALID, "%llu bytes are no number",
			       (unsigned long long)field->bytes);
	status = kd_system_read(system, vaddr + field->offset, data, (size_t)field->bytes, err);
	if (!status)
		*value = number(field, data);
	return status;
}

uint64_t kd_field_extract(const struct kd_field *field, const void *object, size_t object_bytes)
{
	uint64_t end;

	if (!kd_add(field->offset, field->bytes, &end) || end > object_bytes || field->bytes > 8)
		return 0;
	return number(field, (const uint8_t *)object + field->offset);
}

enum kd_status kd_get(struct kd_system *system, uint64_t vaddr, const char *path, uint64_t *value,
		      struct kd_err *err)
{
	struct kd_field field;
	enum kd_status status = kd_field_find(system, path, &field, err);

	if (!status)
		status = kd_field_get(system, vaddr, &field, value, err);
	return status ? kd_context(err, status, "%s", path) : KD_OK;
}

enum kd_status kd_get_each(struct kd_system *system, uint64_t vaddr,
			   const struct kd_wanted *members, size_t count, struct kd_err *err)
{
	enum kd_status status = KD_OK;

	for (size_t i = 0; !status && i < count; i++)
		status = kd_get(system, vaddr, members[i].path, members[i].value, err);
	return status;
}

enum kd_status kd_get_text(struct kd_system *system, uint64_t vaddr, const char *path, char *text,
			   size_t text_bytes, struct kd_err *err)
{
	struct kd_field field;
	size_t bytes;
	enum kd_status status = kd_field_find(system, path, &field, err);

	if (status)
		return kd_context(err, status, "%s", path);
	bytes = field.bytes < text_bytes ? (size_t)field.bytes : text_bytes - 1;
	status = kd_system_read(system, vaddr + field.offset, text, bytes, err);
	if (status)
		return kd_context(err, status, "%s", path);
	text[bytes] = '\0';
	kd_text_clean(text, strlen(text));
	return KD_OK;
}

enum kd_status kd_offset_of(struct kd_system *system, const char *path, uint64_t *offset,
			    struct kd_err *err)
{
	struct kd_field field;
	enum kd_status status = kd_field_find(system, path, &field, err);

	if (!status)
		*offset = field.offset;
	return status;
}

enum kd_status kd_size_of(struct kd_system *system, const char *type, uint64_t *bytes,
			  struct kd_err *err)
{
	struct kd_field field;
	enum kd_status status = kd_field_find(system, type, &field, err);

	if (!status)
		*bytes = field.bytes;
	return status;
}

enum kd_status kd_read_text(struct kd_system *system, uint64_t vaddr, char *text, size_t text_bytes,
			    struct kd_err *err)
{
	size_t done = 0;
	bool ends = false;

	while (!ends && done + 1 < text_bytes) {
		/* not over the end of a page: what follows need not be mapped */
		size_t count = PIECE_BYTES - (vaddr + done) % PIECE_BYTES;
		enum kd_status status;

		if (count > text_bytes - 1 - done)
			count = text_bytes - 1 - done;
		status = kd_system_read(system, vaddr + done, text + done, count, err);
		if (status)
			return status;
		ends = memchr(text + done, '\0', count);
		done += count;
	}
	if (!ends)
		text[done] = '\0';
	kd_text_clean(text, strlen(text));
	return KD_OK;
}

enum kd_status kd_read_u64(struct kd_system *system, uint64_t vaddr, uint64_t *value,
			   struct kd_err *err)
{
	return kd_system_read(system, vaddr, value, sizeof(*value), err);
}
