/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * C declares from the name outwards: what a type does to the name is put around it, until a type with a name of its own is
 * reached. A pointer binds weaker than brackets, so that it needs parentheses before these.
 */
#include "inspect/declare.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MOST = 32, INT_ENCODING_SHIFT = 24, INT_SIGNED = 1, INT_CHAR = 2, INT_BOOL = 4 };

static void declare(const struct kd_btf *btf, uint32_t type_id, const char *name, int depth,
		    char text[KD_DECLARATION_BYTES]);

/* Puts text together; what does not fit is cut. */
static void join(char text[KD_DECLARATION_BYTES], const char *a, const char *b, const char *c)
{
	char joined[KD_DECLARATION_BYTES];
	int length = snprintf(joined, sizeof(joined), "%s%s%s", a, b, c);

	if (length >= (int)sizeof(joined))
		strcpy(joined + sizeof(joined) - 4, "…");
	strcpy(text, joined);
}

static void declare_parameters(const struct kd_btf *btf, const struct kd_btf_type *prototype,
			       int depth, char text[KD_DECLARATION_BYTES])
{
	const char *name;
	uint32_t type_id;

	strcpy(text, "(");
	for (uint32_t i = 0; kd_btf_parameter_at(btf, prototype, i, &name, &type_id); i++) {
		char one[KD_DECLARATION_BYTES] = "...";

		if (type_id)
			declare(btf, type_id, "", depth + 1, one);
		join(text, text, i ? ", " : "", one);
	}
	join(text, text, prototype->count ? "" : "void", ")");
}

static const char *keyword(const struct kd_btf_type *type)
{
	switch (type->kind) {
	case KD_BTF_STRUCT:
		return "struct ";
	case KD_BTF_UNION:
		return "union ";
	case KD_BTF_ENUM:
	case KD_BTF_ENUM64:
		return "enum ";
	case KD_BTF_FORWARD: /* kind_flag: of a union */
		return type->flag ? "union " : "struct ";
	default:
		return "";
	}
}

static const char *qualifier(enum kd_btf_kind kind)
{
	switch (kind) {
	case KD_BTF_CONST:
		return "const ";
	case KD_BTF_VOLATILE:
		return "volatile ";
	case KD_BTF_RESTRICT:
		return "restrict ";
	default:
		return NULL;
	}
}

static bool is_pointer(const struct kd_btf *btf, uint32_t type_id)
{
	struct kd_btf_type type;

	return type_id && !kd_btf_type(btf, type_id, &type, NULL) && type.kind == KD_BTF_POINTER;
}

static void declare(const struct kd_btf *btf, uint32_t type_id, const char *name, int depth,
		    char text[KD_DECLARATION_BYTES])
{
	char around[KD_DECLARATION_BYTES], qualifiers[64] = "", more[KD_DECLARATION_BYTES];
	struct kd_btf_type type;
	uint32_t elements;

	snprintf(around, sizeof(around), "%s", name);
	for (; depth < DEPTH_MOST; depth++) {
		if (!type_id || kd_btf_type(btf, type_id, &type, NULL)) {
			join(text, qualifiers, "void", *around && *around != '*' ? " " : "");
			join(text, text, *around == '*' ? " " : "", around);
			return;
		}
		switch (type.kind) {
		case KD_BTF_POINTER:
			join(around, "*", around, "");
			type_id = type.type_id;
			break;
		case KD_BTF_ARRAY:
			kd_btf_array(btf, &type, &type_id, &elements);
			snprintf(more, sizeof(more), "[%u]", elements);
			if (*around == '*')
				join(around, "(", around, ")");
			join(around, around, more, "");
			break;
		case KD_BTF_PROTOTYPE:
			declare_parameters(btf, &type, depth, more);
			if (*around == '*')
				join(around, "(", around, ")");
			join(around, around, more, "");
			type_id = type.type_id;
			break;
		case KD_BTF_TYPE_TAG:
			type_id = type.type_id;
			break;
		default:
			if (qualifier(type.kind) && is_pointer(btf, type.type_id)) {
				/* of the pointer itself: stands behind its asterisk */
				join(around, qualifier(type.kind), around, "");
				type_id = type.type_id;
				break;
			}
			if (qualifier(type.kind)) {
				if (strlen(qualifiers) + 10 < sizeof(qualifiers))
					strcat(qualifiers, qualifier(type.kind));
				type_id = type.type_id;
				break;
			}
			join(text, qualifiers, keyword(&type), *type.name ? type.name : "{…}");
			join(text, text, *around ? " " : "", around);
			return;
		}
	}
	join(text, "…", "", "");
}

void kd_declare(const struct kd_btf *btf, uint32_t type_id, const char *name,
		char text[KD_DECLARATION_BYTES])
{
	declare(btf, type_id, name, 0, text);
}

struct kd_btf_int kd_btf_int(const struct kd_btf *btf, const struct kd_btf_type *type)
{
	uint32_t encoding = kd_btf_int_word(btf, type) >> INT_ENCODING_SHIFT;

	return (struct kd_btf_int){
		.is_signed = encoding & INT_SIGNED,
		/* compilers do not say so of char: its name does */
		.is_char = encoding & INT_CHAR || !strcmp(type->name, "char"),
		.is_bool = encoding & INT_BOOL,
	};
}

const char *kd_btf_enum_name(const struct kd_btf *btf, const struct kd_btf_type *type,
			     uint64_t value)
{
	uint64_t mask = type->size < 8 ? (UINT64_C(1) << 8 * type->size) - 1 : UINT64_MAX;
	const char *name;
	int64_t its;

	for (uint32_t i = 0; kd_btf_enumerator_at(btf, type, i, &name, &its); i++)
		if (((uint64_t)its & mask) == (value & mask))
			return name;
	return NULL;
}
