/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/type_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

uint64_t kd_part_bytes(const struct kd_showing *showing, const struct kd_part *part)
{
	uint64_t bytes;

	return kd_btf_size(showing->btf, part->type_id, &bytes, NULL) ? 0 : bytes;
}

uint64_t kd_part_number(const struct kd_showing *showing, const struct kd_part *part,
			const struct kd_btf_type *type)
{
	uint64_t type_bits = 8 * kd_part_bytes(showing, part);
	uint64_t value = 0, first = part->offset_bits / 8;
	uint32_t shift = part->offset_bits % 8, bits = part->bits;
	size_t bytes;

	if (!bits)
		bits = type_bits <= 64 ? (uint32_t)type_bits : 0;
	bytes = (shift + bits + 7) / 8;
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

const char *kd_part_text(const struct kd_showing *showing, const struct kd_part *part,
			 uint32_t element_type, uint32_t elements)
{
	struct kd_btf_type type;

	if (kd_btf_resolve(showing->btf, element_type, &type, NULL) || type.kind != KD_BTF_INT ||
	    type.size != 1 || strcmp(type.name, "char") != 0 ||
	    part->offset_bits / 8 + elements > showing->object_bytes)
		return NULL;
	return (const char *)showing->object + part->offset_bits / 8;
}

bool kd_part_symbol(const struct kd_showing *showing, uint64_t vaddr, char *text, size_t bytes)
{
	struct kd_symbols *symbols = kd_system_symbols(showing->system);
	const struct kd_symbol *symbol = kd_symbols_at(symbols, vaddr);

	if (!symbol)
		return false;
	if (vaddr == symbol->vaddr)
		snprintf(text, bytes, "%s", kd_symbol_name(symbols, symbol));
	else
		snprintf(text, bytes, "%s+0x%" PRIx64, kd_symbol_name(symbols, symbol),
			 vaddr - symbol->vaddr);
	return true;
}

bool kd_part_is_nameless(const struct kd_showing *showing, uint32_t type_id,
			 struct kd_btf_type *type)
{
	uint32_t elements;

	for (int depth = 0; depth < KD_PARTS_DEPTH_MOST; depth++) {
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

static const char *refuse(struct kd_showing *showing, const char *why)
{
	if (!showing->refused)
		showing->refused = why;
	return why;
}

const char *kd_part_enter(struct kd_showing *showing, int depth)
{
	if (depth > KD_PARTS_DEPTH_MOST || showing->parts >= KD_PARTS_MOST)
		return refuse(showing, "too deep");
	showing->parts++;
	return NULL;
}

const char *kd_member_enter(struct kd_showing *showing, const struct kd_btf_type *in,
			    const struct kd_btf_member *member, int depth)
{
	const struct kd_part part = {member->type_id, 0, 0};
	uint64_t bits = member->bits ? member->bits : 8 * kd_part_bytes(showing, &part);

	/* the offset has 32 bits; and what is no larger has no more */
	if (bits > 8 * (uint64_t)in->size || member->offset_bits + bits > 8 * (uint64_t)in->size)
		return refuse(showing, "larger than what it is in");
	return kd_part_enter(showing, depth);
}
