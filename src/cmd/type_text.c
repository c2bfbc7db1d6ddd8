/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A type's layout as pahole(1) writes it, and values as C initialises them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/type_parts.h"

enum { INDENT = 4, SYMBOL_BYTES = 256 };

static void print_scalar(const struct kd_showing *showing, const struct kd_part *part,
			 const struct kd_btf_type *type)
{
	uint64_t value = kd_part_number(showing, part, type);
	struct kd_btf_int kind = kd_btf_int(showing->btf, type);
	const char *name = kd_btf_enum_name(showing->btf, type, value);
	char symbol[SYMBOL_BYTES];

	if (type->kind == KD_BTF_POINTER) {
		printf("0x%" PRIx64, value);
		if (kd_part_symbol(showing, value, symbol, sizeof(symbol)))
			printf(" <%s>", symbol);
	} else if (name) {
		printf("%s (%" PRIu64 ")", name, value);
	} else if (kind.is_bool) {
		printf(value ? "true" : "false");
	} else if (kind.is_signed) {
		printf("%" PRId64, (int64_t)value);
	} else {
		printf(value > 0xffff ? "0x%" PRIx64 : "%" PRIu64, value);
	}
}

static void print_quoted(const char *text, size_t bytes)
{
	size_t length = strnlen(text, bytes);

	putchar('"');
	for (size_t i = 0; i < length; i++)
		if (text[i] >= ' ' && text[i] <= '~' && text[i] != '"' && text[i] != '\\')
			putchar(text[i]);
		else
			printf("\\x%02x", (unsigned char)text[i]);
	putchar('"');
}

static void print_array(struct kd_showing *showing, const struct kd_part *part,
			const struct kd_btf_type *type, int depth)
{
	struct kd_part element = {.offset_bits = part->offset_bits};
	uint32_t elements;
	const char *text;

	kd_btf_array(showing->btf, type, &element.type_id, &elements);
	text = kd_part_text(showing, part, element.type_id, elements);
	if (text) {
		print_quoted(text, elements);
		return;
	}
	printf("{");
	for (uint32_t i = 0; i < elements; i++) {
		const char *refused = i ? kd_part_enter(showing, depth) : NULL;

		if (i == KD_ELEMENTS_SHOWN || refused) {
			printf(", … %u more", elements - i);
			break;
		}
		if (i)
			printf(", ");
		kd_type_print_value(showing, &element, depth + 1);
		element.offset_bits += 8 * kd_part_bytes(showing, &element);
	}
	printf("}");
}

static void print_members(struct kd_showing *showing, const struct kd_part *part,
			  const struct kd_btf_type *type, int depth)
{
	struct kd_btf_member member;

	printf("{\n");
	for (uint32_t i = 0; !kd_btf_member_at(showing->btf, type, i, &member, NULL); i++) {
		struct kd_part inner = {member.type_id, part->offset_bits + member.offset_bits,
					member.bits};
		const char *refused = kd_member_enter(showing, type, &member, depth);

		printf("%*s", (depth + 1) * INDENT, "");
		if (*member.name)
			printf(".%s = ", member.name);
		if (refused)
			printf("… %s", refused);
		else
			kd_type_print_value(showing, &inner, depth + 1);
		printf(",\n");
		if (showing->parts >= KD_PARTS_MOST)
			break;
	}
	printf("%*s}", depth * INDENT, "");
}

void kd_type_print_value(struct kd_showing *showing, const struct kd_part *part, int depth)
{
	const char *refused = kd_part_enter(showing, depth);
	struct kd_btf_type type;

	if (refused)
		printf("… %s", refused);
	else if (kd_btf_resolve(showing->btf, part->type_id, &type, NULL))
		printf("…");
	else if (type.kind == KD_BTF_STRUCT || type.kind == KD_BTF_UNION)
		print_members(showing, part, &type, depth);
	else if (type.kind == KD_BTF_ARRAY)
		print_array(showing, part, &type, depth);
	else
		print_scalar(showing, part, &type);
}

/* What C has behind the braces of "struct {…} name[2]": " name[2]". */
static const char *behind_braces(const char *declaration)
{
	const char *braces = strstr(declaration, "{…}");

	return braces ? braces + strlen("{…}") : "";
}

/* A line a member, with where it is and how long, as pahole has them. */
static void print_lines(struct kd_showing *showing, const struct kd_btf_type *type,
			uint64_t offset_bits, int depth)
{
	struct kd_btf_member member;

	for (uint32_t i = 0; !kd_btf_member_at(showing->btf, type, i, &member, NULL); i++) {
		struct kd_part part = {member.type_id, offset_bits + member.offset_bits,
				       member.bits};
		const char *refused = kd_member_enter(showing, type, &member, depth);
		char declaration[KD_DECLARATION_BYTES];
		struct kd_btf_type inner;
		bool nameless = kd_part_is_nameless(showing, member.type_id, &inner) && !refused;

		kd_declare(showing->btf, member.type_id, member.name, declaration);
		printf("%*s%s", (depth + 1) * INDENT, "",
		       !nameless                    ? declaration
		       : inner.kind == KD_BTF_UNION ? "union {"
						    : "struct {");
		if (member.bits)
			printf(":%u", member.bits);
		printf("%s /* %" PRIu64, nameless ? "" : ";", part.offset_bits / 8);
		if (member.bits)
			printf(":%" PRIu64, part.offset_bits % 8);
		printf(" %" PRIu64 "%s%s */\n", kd_part_bytes(showing, &part), refused ? " … " : "",
		       refused ? refused : "");
		if (nameless) {
			print_lines(showing, &inner, part.offset_bits, depth + 1);
			printf("%*s}%s;\n", (depth + 1) * INDENT, "", behind_braces(declaration));
		}
		if (showing->parts >= KD_PARTS_MOST)
			break;
	}
}

static void print_enumerators(const struct kd_showing *showing, const struct kd_btf_type *type)
{
	const char *name;
	int64_t value;

	for (uint32_t i = 0; kd_btf_enumerator_at(showing->btf, type, i, &name, &value); i++)
		printf("%*s%s = %" PRId64 ",\n", INDENT, "", name, value);
}

void kd_type_print_layout(struct kd_showing *showing, const struct kd_part *whole, const char *name,
			  const char *module)
{
	char declaration[KD_DECLARATION_BYTES];
	struct kd_btf_type type;
	uint64_t bytes = kd_part_bytes(showing, whole);

	if (kd_btf_resolve(showing->btf, whole->type_id, &type, NULL))
		return;
	switch (type.kind) {
	case KD_BTF_STRUCT:
	case KD_BTF_UNION:
	case KD_BTF_ENUM:
	case KD_BTF_ENUM64:
		kd_declare(showing->btf, whole->type_id, "", declaration);
		printf("%s { /* %" PRIu64 " bytes%s%s */\n", declaration, bytes,
		       module ? ", of module " : "", module ? module : "");
		if (type.kind == KD_BTF_STRUCT || type.kind == KD_BTF_UNION)
			print_lines(showing, &type, 0, 0);
		else
			print_enumerators(showing, &type);
		puts("}");
		break;
	default:
		kd_declare(showing->btf, whole->type_id, name, declaration);
		printf("%s; /* %" PRIu64 " bytes%s%s */\n", declaration, bytes,
		       module ? ", of module " : "", module ? module : "");
	}
}
