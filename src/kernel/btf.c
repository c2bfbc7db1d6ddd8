/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/btf.h"

#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

enum {
	MAGIC = 0xeb9f,
	MAGIC_SWAPPED = 0x9feb,
	VERSION = 1,
	LEAST_HEADER_BYTES = 24,
	TYPE_BYTES = 12,
	MEMBER_BYTES = 12,
	/* typedefs of qualifiers of arrays of …, and structs without a name in each other */
	DEPTH_MOST = 32,
	/* looked at for one name: damaged types within each other may be no end of them */
	MEMBERS_MOST = 1 << 16,
	/* member offsets with kind_flag: the width of a bit field above, its offset below */
	BITFIELD_SHIFT = 24,
};

/* What follows a type's 12 bytes, and what its third word is. */
static const struct {
	uint8_t fixed, each; /* bytes once, and for each of `count` */
	bool has_size, has_type;
} shapes[KD_BTF_KINDS] = {
	[KD_BTF_INT] = {4, 0, true, false},       [KD_BTF_POINTER] = {0, 0, false, true},
	[KD_BTF_ARRAY] = {12, 0, false, false},   [KD_BTF_STRUCT] = {0, 12, true, false},
	[KD_BTF_UNION] = {0, 12, true, false},    [KD_BTF_ENUM] = {0, 8, true, false},
	[KD_BTF_FORWARD] = {0, 0, false, false},  [KD_BTF_TYPEDEF] = {0, 0, false, true},
	[KD_BTF_VOLATILE] = {0, 0, false, true},  [KD_BTF_CONST] = {0, 0, false, true},
	[KD_BTF_RESTRICT] = {0, 0, false, true},  [KD_BTF_FUNCTION] = {0, 0, false, true},
	[KD_BTF_PROTOTYPE] = {0, 8, false, true}, [KD_BTF_VARIABLE] = {4, 0, false, true},
	[KD_BTF_DATASEC] = {0, 12, true, false},  [KD_BTF_FLOAT] = {0, 0, true, false},
	[KD_BTF_DECL_TAG] = {4, 0, false, true},  [KD_BTF_TYPE_TAG] = {0, 0, false, true},
	[KD_BTF_ENUM64] = {0, 12, true, false},
};

static uint32_t word(const struct kd_btf *btf, const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return btf->swapped ? __builtin_bswap32(value) : value;
}

/* A string by its offset, "" for one outside: the sections end with a NUL, which was checked. */
static const char *string(const struct kd_btf *btf, uint32_t offset)
{
	while (btf->base && offset < btf->string_base)
		btf = btf->base;
	offset -= btf->string_base;
	return offset < btf->string_bytes ? btf->strings + offset : "";
}

static enum kd_status check_header(struct kd_btf *btf, const uint8_t *data, size_t bytes,
				   struct kd_err *err)
{
	uint16_t magic;
	uint32_t words[5];
	uint64_t types, strings;

	if (bytes < LEAST_HEADER_BYTES)
		return kd_fail(err, KD_TRUNCATED, "BTF of %zu bytes", bytes);
	memcpy(&magic, data, sizeof(magic));
	if (magic != MAGIC && magic != MAGIC_SWAPPED)
		return kd_fail(err, KD_CORRUPT, "BTF begins with 0x%x", magic);
	btf->swapped = magic == MAGIC_SWAPPED;
	if (data[2] != VERSION)
		return kd_fail(err, KD_UNSUPPORTED, "BTF version %u", data[2]);
	for (int i = 0; i < 5;
	     i++) /* length of the header, then offset and length of both sections */
		words[i] = word(btf, data + 4 + 4 * i);
	types = (uint64_t)words[0] + words[1];
	strings = (uint64_t)words[0] + words[3];
	if (types + words[2] > bytes || strings + words[4] > bytes || words[0] < LEAST_HEADER_BYTES)
		return kd_fail(err, KD_CORRUPT, "BTF: its sections reach over its end");
	btf->types = data + types;
	btf->type_bytes = words[2];
	btf->strings = (const char *)data + strings;
	btf->string_bytes = words[4];
	if (words[4] && btf->strings[words[4] - 1])
		return kd_fail(err, KD_CORRUPT, "BTF: its strings have no end");
	return KD_OK;
}

/* Reads the type at an offset of this blob's types; false at their end, or where they reach over it. */
static bool read_type(const struct kd_btf *btf, uint64_t offset, struct kd_btf_type *type,
		      uint64_t *next)
{
	const uint8_t *at = btf->types + offset;
	uint32_t info, third;
	uint64_t extra;

	if (offset + TYPE_BYTES > btf->type_bytes)
		return false;
	info = word(btf, at + 4);
	third = word(btf, at + 8);
	type->kind = info >> 24 & 0x1f;
	if (type->kind < KD_BTF_INT || type->kind >= KD_BTF_KINDS)
		return false;
	type->name = string(btf, word(btf, at));
	type->flag = info >> 31;
	type->count = info & 0xffff;
	type->size = shapes[type->kind].has_size ? third : 0;
	type->type_id = shapes[type->kind].has_type ? third : 0;
	type->extra = at + TYPE_BYTES;
	extra = shapes[type->kind].fixed + (uint64_t)shapes[type->kind].each * type->count;
	*next = offset + TYPE_BYTES + extra;
	return *next <= btf->type_bytes;
}

enum kd_status kd_btf_init(struct kd_btf *btf, const void *data, size_t bytes,
			   const struct kd_btf *base, struct kd_err *err)
{
	struct kd_btf made = {.base = base, .first_id = 1};
	struct kd_btf_type type;
	enum kd_status status = check_header(&made, data, bytes, err);

	if (status)
		return status;
	if (base) {
		made.first_id = base->end_id;
		made.string_base = base->string_base + base->string_bytes;
		if (made.swapped != base->swapped)
			return kd_fail(err, KD_CORRUPT, "BTF: not of its base's byte order");
	}
	made.end_id = made.first_id;
	for (uint64_t at = 0, next; at < made.type_bytes; at = next, made.end_id++)
		if (!read_type(&made, at, &type, &next))
			return kd_fail(err, KD_CORRUPT, "BTF: type %u, at byte 0x%llx, is none",
				       made.end_id, (unsigned long long)at);
	*btf = made;
	return KD_OK;
}

/* Walks a blob's types until `done` says so; false when none did. */
static bool walk(const struct kd_btf *btf,
		 bool (*done)(const struct kd_btf_type *type, void *opaque), void *opaque,
		 struct kd_btf_type *type)
{
	uint64_t at = 0, next;

	for (uint32_t id = btf->first_id; read_type(btf, at, type, &next); id++, at = next) {
		type->id = id;
		if (done(type, opaque))
			return true;
	}
	return false;
}

/* The blob that has a type: where its extra bytes and its strings are. */
static const struct kd_btf *blob_of(const struct kd_btf *btf, uint32_t id)
{
	while (btf->base && id < btf->first_id)
		btf = btf->base;
	return btf;
}

uint32_t kd_btf_count(const struct kd_btf *btf)
{
	return btf->end_id - btf->first_id;
}

static uint32_t hash_name(enum kd_btf_kind kind, const char *name, size_t length)
{
	return kd_text_hash(name, length) + (uint32_t)kind;
}

void kd_btf_index(struct kd_btf *btf, uint32_t *offsets, uint32_t *names, uint32_t name_slots)
{
	struct kd_btf_type type;
	uint64_t at = 0, next;

	memset(names, 0, name_slots * sizeof(*names));
	for (uint32_t i = 0; read_type(btf, at, &type, &next); i++, at = next) {
		uint32_t slot;

		offsets[i] = (uint32_t)at;
		if (!*type.name)
			continue;
		slot = hash_name(type.kind, type.name, strlen(type.name)) & (name_slots - 1);
		while (names[slot])
			slot = (slot + 1) & (name_slots - 1);
		names[slot] = btf->first_id + i;
	}
	btf->offsets = offsets;
	btf->names = names;
	btf->name_slots = name_slots;
}

static bool has_id(const struct kd_btf_type *type, void *opaque)
{
	return type->id == *(const uint32_t *)opaque;
}

enum kd_status kd_btf_type(const struct kd_btf *btf, uint32_t id, struct kd_btf_type *type,
			   struct kd_err *err)
{
	uint64_t next;

	btf = blob_of(btf, id);
	if (id < btf->first_id || id >= btf->end_id)
		return kd_fail(err, KD_NOTFOUND, "BTF has no type %u", id);
	if (btf->offsets) {
		read_type(btf, btf->offsets[id - btf->first_id], type, &next);
		type->id = id;
	} else {
		walk(btf, has_id, &id, type);
	}
	return KD_OK;
}

struct wanted {
	enum kd_btf_kind kind;
	const char *name;
	size_t length;
};

static bool is_wanted(const struct kd_btf_type *type, void *opaque)
{
	const struct wanted *wanted = opaque;

	return type->kind == wanted->kind && !strncmp(type->name, wanted->name, wanted->length) &&
	       !type->name[wanted->length];
}

static bool find_indexed(const struct kd_btf *btf, struct wanted *wanted, struct kd_btf_type *type)
{
	uint32_t mask = btf->name_slots - 1;
	uint32_t slot = hash_name(wanted->kind, wanted->name, wanted->length) & mask;

	for (; btf->names[slot]; slot = (slot + 1) & mask)
		if (!kd_btf_type(btf, btf->names[slot], type, NULL) && is_wanted(type, wanted))
			return true;
	return false;
}

static bool find(const struct kd_btf *btf, struct wanted *wanted, struct kd_btf_type *type)
{
	for (; btf; btf = btf->base)
		if (btf->names ? find_indexed(btf, wanted, type)
			       : walk(btf, is_wanted, wanted, type))
			return true;
	return false;
}

enum kd_status kd_btf_find(const struct kd_btf *btf, enum kd_btf_kind kind, const char *name,
			   struct kd_btf_type *type, struct kd_err *err)
{
	struct wanted wanted = {kind, name, strlen(name)};

	return find(btf, &wanted, type) ? KD_OK : kd_fail(err, KD_NOTFOUND, "BTF has no %s", name);
}

enum kd_status kd_btf_resolve(const struct kd_btf *btf, uint32_t id, struct kd_btf_type *type,
			      struct kd_err *err)
{
	for (int depth = 0; depth < DEPTH_MOST; depth++) {
		enum kd_status status = kd_btf_type(btf, id, type, err);

		if (status)
			return status;
		if (type->kind != KD_BTF_TYPEDEF && type->kind != KD_BTF_CONST &&
		    type->kind != KD_BTF_VOLATILE && type->kind != KD_BTF_RESTRICT &&
		    type->kind != KD_BTF_TYPE_TAG)
			return KD_OK;
		id = type->type_id;
	}
	return kd_fail(err, KD_CORRUPT, "BTF: type %u leads nowhere", id);
}

static bool is_compound(const struct kd_btf_type *type)
{
	return type->kind == KD_BTF_STRUCT || type->kind == KD_BTF_UNION;
}

enum kd_status kd_btf_member_at(const struct kd_btf *btf, const struct kd_btf_type *in,
				uint32_t number, struct kd_btf_member *member, struct kd_err *err)
{
	const struct kd_btf *blob = blob_of(btf, in->id);
	const uint8_t *at = in->extra + (size_t)number * MEMBER_BYTES;
	uint32_t packed;

	if (!is_compound(in) || number >= in->count)
		return kd_fail(err, KD_NOTFOUND, "BTF: %s has no member number %u", in->name,
			       number);
	packed = word(blob, at + 8);
	*member = (struct kd_btf_member){
		.name = string(blob, word(blob, at)),
		.offset_bits = in->flag ? packed & ((1u << BITFIELD_SHIFT) - 1) : packed,
		.bits = in->flag ? packed >> BITFIELD_SHIFT : 0,
		.type_id = word(blob, at + 4),
	};
	return KD_OK;
}

/* Finds a member in a type, or in those of its members that have no name. */
static bool find_member(const struct kd_btf *btf, const struct kd_btf_type *in, const char *name,
			size_t length, int depth, unsigned int *budget,
			struct kd_btf_member *member)
{
	for (uint32_t i = 0; i < in->count; i++) {
		struct kd_btf_member inner;
		struct kd_btf_type type;

		if (!*budget || kd_btf_member_at(btf, in, i, member, NULL))
			return false;
		--*budget;
		if (*member->name) {
			if (!strncmp(member->name, name, length) && !member->name[length])
				return true;
			continue;
		}
		if (depth < DEPTH_MOST && !kd_btf_resolve(btf, member->type_id, &type, NULL) &&
		    is_compound(&type) &&
		    find_member(btf, &type, name, length, depth + 1, budget, &inner)) {
			inner.offset_bits += member->offset_bits;
			*member = inner;
			return true;
		}
	}
	return false;
}

enum kd_status kd_btf_member_in(const struct kd_btf *btf, const struct kd_btf_type *in,
				const char *name, size_t length, struct kd_btf_member *member,
				struct kd_err *err)
{
	unsigned int budget = MEMBERS_MOST;
	struct kd_btf_member found;

	if (!is_compound(in) || !find_member(btf, in, name, length, 0, &budget, &found))
		return kd_fail(err, KD_NOTFOUND, "BTF: %s has no member %.*s",
			       *in->name ? in->name : "the type", (int)length, name);
	*member = found;
	return KD_OK;
}

void kd_btf_array(const struct kd_btf *btf, const struct kd_btf_type *array, uint32_t *type_id,
		  uint32_t *elements)
{
	const struct kd_btf *blob = blob_of(btf, array->id);

	*type_id = word(blob, array->extra);
	*elements = word(blob, array->extra + 8);
}

enum kd_status kd_btf_member(const struct kd_btf *btf, const char *path,
			     struct kd_btf_member *member, struct kd_err *err)
{
	size_t length = strcspn(path, ".");
	struct wanted as_struct = {KD_BTF_STRUCT, path, length};
	struct wanted as_union = {KD_BTF_UNION, path, length};
	struct kd_btf_member found = {.name = ""}, inner;
	struct kd_btf_type type;

	if (!find(btf, &as_struct, &type) && !find(btf, &as_union, &type))
		return kd_fail(err, KD_NOTFOUND, "BTF has no struct or union %.*s", (int)length,
			       path);
	while (path[length] == '.') {
		enum kd_status status;

		path += length + 1;
		length = strcspn(path, ".");
		status = kd_btf_member_in(btf, &type, path, length, &inner, err);
		if (status)
			return status;
		inner.offset_bits += found.offset_bits;
		found = inner;
		if (path[length] == '.')
			status = kd_btf_resolve(btf, found.type_id, &type, err);
		if (status)
			return status;
	}
	*member = found;
	return KD_OK;
}

uint32_t kd_btf_int_word(const struct kd_btf *btf, const struct kd_btf_type *type)
{
	return type->kind == KD_BTF_INT ? word(blob_of(btf, type->id), type->extra) : 0;
}

bool kd_btf_enumerator_at(const struct kd_btf *btf, const struct kd_btf_type *type, uint32_t number,
			  const char **name, int64_t *value)
{
	const struct kd_btf *blob = blob_of(btf, type->id);
	const uint8_t *at = type->extra + (size_t)number * shapes[type->kind].each;
	uint32_t low;

	if ((type->kind != KD_BTF_ENUM && type->kind != KD_BTF_ENUM64) || number >= type->count)
		return false;
	low = word(blob, at + 4);
	*name = string(blob, word(blob, at));
	if (type->kind == KD_BTF_ENUM64)
		*value = (int64_t)(low | (uint64_t)word(blob, at + 8) << 32);
	else
		*value = type->flag ? (int64_t)(int32_t)low : (int64_t)low;
	return true;
}

bool kd_btf_parameter_at(const struct kd_btf *btf, const struct kd_btf_type *type, uint32_t number,
			 const char **name, uint32_t *type_id)
{
	const struct kd_btf *blob = blob_of(btf, type->id);
	const uint8_t *at = type->extra + (size_t)number * shapes[KD_BTF_PROTOTYPE].each;

	if (type->kind != KD_BTF_PROTOTYPE || number >= type->count)
		return false;
	*name = string(blob, word(blob, at));
	*type_id = word(blob, at + 4);
	return true;
}

struct enumerator {
	const struct kd_btf *btf;
	const char *name;
	int64_t value;
};

static bool has_enumerator(const struct kd_btf_type *type, void *opaque)
{
	struct enumerator *wanted = opaque;
	const char *name;

	for (uint32_t i = 0; kd_btf_enumerator_at(wanted->btf, type, i, &name, &wanted->value); i++)
		if (!strcmp(name, wanted->name))
			return true;
	return false;
}

enum kd_status kd_btf_enumerator(const struct kd_btf *btf, const char *name, int64_t *value,
				 struct kd_err *err)
{
	struct kd_btf_type type;

	for (; btf; btf = btf->base) {
		struct enumerator wanted = {btf, name, 0};

		if (walk(btf, has_enumerator, &wanted, &type)) {
			*value = wanted.value;
			return KD_OK;
		}
	}
	return kd_fail(err, KD_NOTFOUND, "BTF has no enumerator %s", name);
}

enum kd_status kd_btf_size(const struct kd_btf *btf, uint32_t type_id, uint64_t *bytes,
			   struct kd_err *err)
{
	uint64_t elements = 1;

	for (int depth = 0; depth < DEPTH_MOST; depth++) {
		struct kd_btf_type type;
		enum kd_status status = kd_btf_resolve(btf, type_id, &type, err);
		uint32_t count;

		if (status)
			return status;
		if (type.kind == KD_BTF_POINTER || shapes[type.kind].has_size) {
			uint64_t size = type.kind == KD_BTF_POINTER ? 8 : type.size;

			return kd_multiply(elements, size, bytes)
				       ? KD_OK
				       : kd_fail(err, KD_CORRUPT, "BTF: an array too large");
		}
		if (type.kind != KD_BTF_ARRAY)
			break;
		kd_btf_array(btf, &type, &type_id, &count);
		if (!kd_multiply(elements, count, &elements))
			return kd_fail(err, KD_CORRUPT, "BTF: an array too large");
	}
	return kd_fail(err, KD_INVALID, "BTF: type %u has no size", type_id);
}
