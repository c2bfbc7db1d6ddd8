/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump type: how a type of the kernel is laid out, or what is in one at an address. */
#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "cmd/place.h"
#include "host/file.h"
#include "inspect/declare.h"
#include "inspect/fields.h"

enum { DEPTH_MOST = 16, ELEMENTS_SHOWN = 16, OBJECT_BYTES_MOST = 64 << 20, INDENT = 4 };

struct showing {
	struct kd_system *system;
	const struct kd_btf *btf;
	const uint8_t *object; /* NULL: the layout alone */
	size_t object_bytes;
};

/* A member, or the whole: where it is in the object. */
struct part {
	uint32_t type_id;
	uint64_t offset_bits;
	uint32_t bits; /* of a bit field; else 0 */
};

static uint64_t size_of(const struct showing *showing, const struct part *part)
{
	uint64_t bytes;

	return kd_btf_size(showing->btf, part->type_id, &bytes, NULL) ? 0 : bytes;
}

/* The number in a part, with its sign where the type has one. */
static uint64_t number_of(const struct showing *showing, const struct part *part,
			  const struct kd_btf_type *type)
{
	uint32_t bits = part->bits ? part->bits : 8 * (uint32_t)size_of(showing, part);
	uint64_t value = 0, first = part->offset_bits / 8;
	uint32_t shift = part->offset_bits % 8;
	size_t bytes = (shift + bits + 7) / 8;

	if (bytes > sizeof(value) || first + bytes > showing->object_bytes || !bits)
		return 0;
	memcpy(&value, showing->object + first, bytes);
	value >>= shift;
	if (bits < 64) {
		value &= (UINT64_C(1) << bits) - 1;
		if (type->kind == KD_BTF_INT && kd_btf_int(showing->btf, type).is_signed &&
		    value >> (bits - 1))
			value |= UINT64_MAX << bits;
	}
	return value;
}

static bool is_text(const struct showing *showing, uint32_t element_type)
{
	struct kd_btf_type type;

	return !kd_btf_resolve(showing->btf, element_type, &type, NULL) &&
	       type.kind == KD_BTF_INT && type.size == 1 && !strcmp(type.name, "char");
}

/* "0xffffffff81000000 <schedule+0x10>" */
static void format_pointer(const struct showing *showing, uint64_t value, char *text, size_t bytes)
{
	struct kd_symbols *symbols = kd_system_symbols(showing->system);
	const struct kd_symbol *symbol = kd_symbols_at(symbols, value);
	int length = snprintf(text, bytes, "0x%" PRIx64, value);

	if (!symbol)
		return;
	if (value == symbol->vaddr)
		snprintf(text + length, bytes - (size_t)length, " <%s>",
			 kd_symbol_name(symbols, symbol));
	else
		snprintf(text + length, bytes - (size_t)length, " <%s+0x%" PRIx64 ">",
			 kd_symbol_name(symbols, symbol), value - symbol->vaddr);
}

static void format_scalar(const struct showing *showing, const struct part *part,
			  const struct kd_btf_type *type, char *text, size_t bytes)
{
	uint64_t value = number_of(showing, part, type);
	struct kd_btf_int kind = kd_btf_int(showing->btf, type);
	const char *name = kd_btf_enum_name(showing->btf, type, value);

	if (type->kind == KD_BTF_POINTER)
		format_pointer(showing, value, text, bytes);
	else if (name)
		snprintf(text, bytes, "%s (%" PRIu64 ")", name, value);
	else if (kind.is_bool)
		snprintf(text, bytes, value ? "true" : "false");
	else if (kind.is_signed)
		snprintf(text, bytes, "%" PRId64, (int64_t)value);
	else if (value > 0xffff)
		snprintf(text, bytes, "0x%" PRIx64, value);
	else
		snprintf(text, bytes, "%" PRIu64, value);
}

static void print_quoted(const uint8_t *text, size_t bytes)
{
	size_t length = strnlen((const char *)text, bytes);

	putchar('"');
	for (size_t i = 0; i < length; i++)
		if (text[i] >= ' ' && text[i] <= '~' && text[i] != '"' && text[i] != '\\')
			putchar(text[i]);
		else
			printf("\\x%02x", text[i]);
	putchar('"');
}

static void print_value(const struct showing *showing, const struct part *part, int depth);

static void print_array(const struct showing *showing, const struct part *part,
			const struct kd_btf_type *type, int depth)
{
	struct part element = {.offset_bits = part->offset_bits};
	uint32_t elements;
	uint64_t bytes;

	kd_btf_array(showing->btf, type, &element.type_id, &elements);
	bytes = size_of(showing, &element);
	if (is_text(showing, element.type_id) &&
	    part->offset_bits / 8 + elements <= showing->object_bytes) {
		print_quoted(showing->object + part->offset_bits / 8, elements);
		return;
	}
	printf("{");
	for (uint32_t i = 0; i < elements; i++) {
		if (i == ELEMENTS_SHOWN) {
			printf(", … %u more", elements - i);
			break;
		}
		if (i)
			printf(", ");
		print_value(showing, &element, depth + 1);
		element.offset_bits += 8 * bytes;
	}
	printf("}");
}

static void print_members(const struct showing *showing, const struct part *part,
			  const struct kd_btf_type *type, int depth)
{
	struct kd_btf_member member;

	printf("{\n");
	for (uint32_t i = 0; !kd_btf_member_at(showing->btf, type, i, &member, NULL); i++) {
		struct part inner = {member.type_id, part->offset_bits + member.offset_bits,
				     member.bits};

		printf("%*s", (depth + 1) * INDENT, "");
		if (*member.name)
			printf(".%s = ", member.name);
		print_value(showing, &inner, depth + 1);
		printf(",\n");
	}
	printf("%*s}", depth * INDENT, "");
}

static void print_value(const struct showing *showing, const struct part *part, int depth)
{
	struct kd_btf_type type;
	char text[256];

	if (depth > DEPTH_MOST || kd_btf_resolve(showing->btf, part->type_id, &type, NULL)) {
		printf("…");
		return;
	}
	if (type.kind == KD_BTF_STRUCT || type.kind == KD_BTF_UNION) {
		print_members(showing, part, &type, depth);
	} else if (type.kind == KD_BTF_ARRAY) {
		print_array(showing, part, &type, depth);
	} else {
		format_scalar(showing, part, &type, text, sizeof(text));
		printf("%s", text);
	}
}

/* A struct or union without a name of any kind, or an array of them: it is only to be seen by its members. */
static bool is_nameless(const struct showing *showing, uint32_t type_id, struct kd_btf_type *type)
{
	uint32_t elements;

	for (int depth = 0; depth < DEPTH_MOST; depth++) {
		if (kd_btf_type(showing->btf, type_id, type, NULL))
			return false;
		if (type->kind == KD_BTF_ARRAY)
			kd_btf_array(showing->btf, type, &type_id, &elements);
		else if (type->kind == KD_BTF_CONST || type->kind == KD_BTF_VOLATILE)
			type_id = type->type_id;
		else
			break;
	}
	return (type->kind == KD_BTF_STRUCT || type->kind == KD_BTF_UNION) && !*type->name;
}

/* What C has behind the braces of "struct {…} name[2]": " name[2]". */
static const char *behind_braces(const char *declaration)
{
	const char *braces = strstr(declaration, "{…}");

	return braces ? braces + strlen("{…}") : "";
}

/* A line a member, with where it is and how long, as pahole has them. */
static void print_layout(const struct showing *showing, const struct kd_btf_type *type,
			 uint64_t offset_bits, int depth)
{
	struct kd_btf_member member;

	for (uint32_t i = 0; !kd_btf_member_at(showing->btf, type, i, &member, NULL); i++) {
		struct part part = {member.type_id, offset_bits + member.offset_bits, member.bits};
		char declaration[KD_DECLARATION_BYTES];
		struct kd_btf_type inner;
		bool nameless = is_nameless(showing, member.type_id, &inner) && depth < DEPTH_MOST;

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
		printf(" %" PRIu64 " */\n", size_of(showing, &part));
		if (nameless) {
			print_layout(showing, &inner, part.offset_bits, depth + 1);
			printf("%*s}%s;\n", (depth + 1) * INDENT, "", behind_braces(declaration));
		}
	}
}

static json_t *value_json(const struct showing *showing, const struct part *part,
			  const struct kd_btf_type *type, int depth);

static json_t *part_json(const struct showing *showing, const struct part *part, const char *name,
			 int depth);

static json_t *members_json(const struct showing *showing, const struct part *part,
			    const struct kd_btf_type *type, int depth)
{
	json_t *members = json_array();
	struct kd_btf_member member;

	for (uint32_t i = 0; !kd_btf_member_at(showing->btf, type, i, &member, NULL); i++) {
		struct part inner = {member.type_id, part->offset_bits + member.offset_bits,
				     member.bits};

		kd_json_append(members, part_json(showing, &inner, member.name, depth + 1));
	}
	return members;
}

static json_t *part_json(const struct showing *showing, const struct part *part, const char *name,
			 int depth)
{
	char declaration[KD_DECLARATION_BYTES];
	struct kd_btf_type type;
	json_t *json;

	kd_declare(showing->btf, part->type_id, "", declaration);
	json = json_pack("{s:o, s:o, s:I, s:I}", "name", kd_json_string(name), "type",
			 kd_json_string(declaration), "offset", (json_int_t)(part->offset_bits / 8),
			 "size", (json_int_t)size_of(showing, part));
	if (part->bits) {
		kd_json_set(json, "bit_offset", json_integer((json_int_t)(part->offset_bits % 8)));
		kd_json_set(json, "bits", json_integer(part->bits));
	}
	if (depth > DEPTH_MOST)
		return json;
	/* of a layout only what has no name of its own is opened */
	if (!showing->object && depth) {
		if (is_nameless(showing, part->type_id, &type))
			kd_json_set(json, "members", members_json(showing, part, &type, depth));
		return json;
	}
	if (kd_btf_resolve(showing->btf, part->type_id, &type, NULL))
		return json;
	if (type.kind == KD_BTF_STRUCT || type.kind == KD_BTF_UNION) {
		kd_json_set(json, "members", members_json(showing, part, &type, depth));
	} else if (showing->object) {
		kd_json_set(json, "value", value_json(showing, part, &type, depth));
	}
	return json;
}

static json_t *value_json(const struct showing *showing, const struct part *part,
			  const struct kd_btf_type *type, int depth)
{
	struct part element = {.offset_bits = part->offset_bits};
	char text[256];
	uint32_t elements;
	json_t *list;

	if (type->kind == KD_BTF_POINTER)
		return kd_json_address(number_of(showing, part, type));
	if (type->kind != KD_BTF_ARRAY) {
		uint64_t value = number_of(showing, part, type);

		if (kd_btf_enum_name(showing->btf, type, value) ||
		    kd_btf_int(showing->btf, type).is_signed || value <= INT64_MAX)
			return json_integer((json_int_t)value);
		snprintf(text, sizeof(text), "0x%" PRIx64, value);
		return json_string(text);
	}
	kd_btf_array(showing->btf, type, &element.type_id, &elements);
	if (is_text(showing, element.type_id) &&
	    part->offset_bits / 8 + elements <= showing->object_bytes) {
		const char *from = (const char *)showing->object + part->offset_bits / 8;

		return kd_json_text(from, strnlen(from, elements));
	}
	list = json_array();
	for (uint32_t i = 0; i < elements && i < ELEMENTS_SHOWN; i++) {
		kd_json_append(list, part_json(showing, &element, "", depth + 1));
		element.offset_bits += 8 * size_of(showing, &element);
	}
	return list;
}

static int show(struct showing *showing, const char *name, const char *place, bool json)
{
	struct kd_field field;
	struct kd_btf_type type;
	struct kd_err err = {0};
	KD_CLEANUP_FREE uint8_t *object = NULL;
	char declaration[KD_DECLARATION_BYTES];
	uint64_t vaddr = 0;
	struct part whole;

	/* "struct task_struct" is what C calls it */
	for (size_t i = 0; i < 3; i++) {
		static const char *const words[] = {"struct ", "union ", "enum "};

		if (!strncmp(name, words[i], strlen(words[i])))
			name += strlen(words[i]);
	}
	showing->btf = kd_system_types(showing->system, &err);
	if (!showing->btf || kd_field_find(showing->system, name, &field, &err) ||
	    kd_btf_resolve(showing->btf, field.type_id, &type, &err))
		return kd_command_failed(&err);
	whole = (struct part){field.type_id, 0, 0};
	if (place) {
		if (kd_place_parse(showing->system, place, &vaddr, &err))
			return kd_command_failed(&err);
		if (field.bits || field.bytes > OBJECT_BYTES_MOST) {
			kd_fail(&err, KD_UNSUPPORTED, "%s: cannot be shown by itself", name);
			return kd_command_failed(&err);
		}
		object = malloc((size_t)field.bytes + 1);
		if (!object) {
			kd_fail(&err, KD_NOMEM, "%s: no memory", name);
			return kd_command_failed(&err);
		}
		if (kd_system_read(showing->system, vaddr + field.offset, object,
				   (size_t)field.bytes, &err))
			return kd_command_failed(&err);
		showing->object = object;
		showing->object_bytes = (size_t)field.bytes;
	}
	if (json)
		return kd_json_print(part_json(showing, &whole, name, 0));
	kd_declare(showing->btf, field.type_id, "", declaration);
	if (place) {
		printf("(%s) ", declaration);
		print_value(showing, &whole, 0);
		putchar('\n');
	} else {
		printf("%s { /* %" PRIu64 " bytes */\n", declaration, field.bytes);
		print_layout(showing, &type, 0, 0);
		puts("}");
	}
	return kd_output_end();
}

static int run_type(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, KD_INPUT_OPTION, {0}};
	struct kd_dump_options how = {0};
	struct showing showing = {.object = NULL};
	struct kd_err err = {0};
	struct kd_input input;
	int option, exit_status;
	bool json = false;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == KD_INPUT_RAW && kd_input_option(&how))
			continue;
		if (option == KD_INPUT_RAW)
			return kd_command_usage(self, "'%s' is not a hexadecimal address", optarg);
		if (option != 'j')
			return kd_command_usage(self, "no such option");
		json = true;
	}
	if (argc - optind != 2 && argc - optind != 3)
		return kd_command_usage(self, "a DUMP and a TYPE are needed");
	if (kd_input_open_system(&input, argv[optind], &how, &err))
		return kd_command_failed(&err);
	showing.system = input.system;
	exit_status = show(&showing, argv[optind + 1], argc - optind == 3 ? argv[optind + 2] : NULL,
			   json);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_type = {
	.name = "type",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP TYPE[.MEMBER] [ADDRESS | SYMBOL]",
	.summary = "print a type's layout, or its value at an address",
	.run = run_type,
	.options = "  --json              print JSON, an object\n" KD_INPUT_HELP,
};
