/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A type's layout and values as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "cmd/type_parts.h"

enum { SYMBOL_BYTES = 256 };

static json_t *members_json(struct kd_showing *showing, const struct kd_part *part,
			    const struct kd_btf_type *type, int depth)
{
	json_t *members = json_array();
	struct kd_btf_member member;

	for (uint32_t i = 0; !kd_btf_member_at(showing->btf, type, i, &member, NULL); i++) {
		struct kd_part inner = {member.type_id, part->offset_bits + member.offset_bits,
					member.bits};
		const char *refused = kd_member_enter(showing, type, &member, depth);
		int inside = refused ? KD_PARTS_DEPTH_MOST + 1 : depth + 1;

		kd_json_append(members, kd_type_json(showing, &inner, member.name, inside));
		if (showing->parts >= KD_PARTS_MOST)
			break;
	}
	return members;
}

static json_t *array_json(struct kd_showing *showing, const struct kd_part *part,
			  const struct kd_btf_type *type, int depth)
{
	struct kd_part element = {.offset_bits = part->offset_bits};
	uint32_t elements;
	const char *text;
	json_t *list;

	kd_btf_array(showing->btf, type, &element.type_id, &elements);
	text = kd_part_text(showing, part, element.type_id, elements);
	if (text)
		return kd_json_text(text, strnlen(text, elements));
	list = json_array();
	for (uint32_t i = 0; i < elements && i < KD_ELEMENTS_SHOWN; i++) {
		if (i && kd_part_enter(showing, depth))
			break;
		kd_json_append(list, kd_type_json(showing, &element, "", depth + 1));
		element.offset_bits += 8 * kd_part_bytes(showing, &element);
	}
	return list;
}

/* "value", and beside it the symbol that a pointer leads to, or the name of the number. */
static void set_value(struct kd_showing *showing, const struct kd_part *part,
		      const struct kd_btf_type *type, int depth, json_t *json)
{
	uint64_t value = kd_part_number(showing, part, type);
	const char *name = kd_btf_enum_name(showing->btf, type, value);
	char symbol[SYMBOL_BYTES];

	if (type->kind == KD_BTF_ARRAY) {
		kd_json_set(json, "value", array_json(showing, part, type, depth));
	} else if (type->kind == KD_BTF_POINTER) {
		kd_json_set(json, "value", kd_json_address(value));
		if (kd_part_symbol(showing, value, symbol, sizeof(symbol)))
			kd_json_set(json, "symbol", kd_json_string(symbol));
	} else if (name || kd_btf_int(showing->btf, type).is_signed || value <= INT64_MAX) {
		kd_json_set(json, "value", json_integer((json_int_t)value));
	} else {
		kd_json_set(json, "value", kd_json_address(value));
	}
	if (name)
		kd_json_set(json, "enumerator", kd_json_string(name));
}

static json_t *enumerators_json(const struct kd_showing *showing, const struct kd_btf_type *type)
{
	json_t *enumerators = json_object();
	const char *name;
	int64_t value;

	for (uint32_t i = 0; kd_btf_enumerator_at(showing->btf, type, i, &name, &value); i++)
		kd_json_set(enumerators, name, json_integer(value));
	return enumerators;
}

/* What is within; of a layout only what has no name of its own is opened. */
static void open_part(struct kd_showing *showing, const struct kd_part *part, int depth,
		      json_t *json)
{
	struct kd_btf_type type;

	if (!showing->object && depth) {
		if (kd_part_is_nameless(showing, part->type_id, &type))
			kd_json_set(json, "members", members_json(showing, part, &type, depth));
		return;
	}
	if (kd_btf_resolve(showing->btf, part->type_id, &type, NULL))
		return;
	if (type.kind == KD_BTF_STRUCT || type.kind == KD_BTF_UNION)
		kd_json_set(json, "members", members_json(showing, part, &type, depth));
	else if (showing->object)
		set_value(showing, part, &type, depth, json);
	else if (type.kind == KD_BTF_ENUM || type.kind == KD_BTF_ENUM64)
		kd_json_set(json, "enumerators", enumerators_json(showing, &type));
}

json_t *kd_type_json(struct kd_showing *showing, const struct kd_part *part, const char *name,
		     int depth)
{
	char declaration[KD_DECLARATION_BYTES];
	json_t *json;

	kd_declare(showing->btf, part->type_id, "", declaration);
	json = json_pack("{s:o, s:o, s:I, s:I}", "name", kd_json_string(name), "type",
			 kd_json_string(declaration), "offset", (json_int_t)(part->offset_bits / 8),
			 "size", (json_int_t)kd_part_bytes(showing, part));
	if (part->bits) {
		kd_json_set(json, "bit_offset", json_integer((json_int_t)(part->offset_bits % 8)));
		kd_json_set(json, "bits", json_integer(part->bits));
	}
	if (!kd_part_enter(showing, depth))
		open_part(showing, part, depth, json);
	return json;
}
