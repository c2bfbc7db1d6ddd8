/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `kdump type` shows, part by part, as text and as JSON. */
#ifndef KD_CMD_TYPE_PARTS_H
#define KD_CMD_TYPE_PARTS_H

#include <jansson.h>

#include "inspect/declare.h"
#include "inspect/system.h"

/* Types of a damaged kernel may hold themselves: the depth alone is no limit. */
enum { KD_PARTS_MOST = 1 << 15, KD_PARTS_DEPTH_MOST = 16, KD_ELEMENTS_SHOWN = 16 };

struct kd_showing {
	struct kd_system *system;
	const struct kd_btf *btf;
	const uint8_t *object; /* NULL: the layout alone */
	size_t object_bytes;
	unsigned int parts;  /* that have been shown */
	const char *refused; /* why not all of it is shown; NULL: it is */
};

/* A member, or the whole: where it is in the object. */
struct kd_part {
	uint32_t type_id;
	uint64_t offset_bits;
	uint32_t bits; /* of a bit field; else 0 */
};

/* Bytes of its type; 0 for one without a size. */
uint64_t kd_part_bytes(const struct kd_showing *showing, const struct kd_part *part);
/* The number in a part, with its sign where the type has one. */
uint64_t kd_part_number(const struct kd_showing *showing, const struct kd_part *part,
			const struct kd_btf_type *type);
/* The text in an array of characters; NULL: it is none. */
const char *kd_part_text(const struct kd_showing *showing, const struct kd_part *part,
			 uint32_t element_type, uint32_t elements);
/* "schedule+0x10"; false: the address is of no symbol. */
bool kd_part_symbol(const struct kd_showing *showing, uint64_t vaddr, char *text, size_t bytes);
/* A struct or union without a name of any kind, or an array of them: it is only to be seen by its members. */
bool kd_part_is_nameless(const struct kd_showing *showing, uint32_t type_id,
			 struct kd_btf_type *type);
/* Counts one more part at a depth; NULL, or why it is not to be opened. */
const char *kd_part_enter(struct kd_showing *showing, int depth);
/* The same of a member that lies within `in`, which is larger. */
const char *kd_member_enter(struct kd_showing *showing, const struct kd_btf_type *in,
			    const struct kd_btf_member *member, int depth);

void kd_type_print_value(struct kd_showing *showing, const struct kd_part *part, int depth);
void kd_type_print_layout(struct kd_showing *showing, const struct kd_part *whole, const char *name,
			  const char *module);
json_t *kd_type_json(struct kd_showing *showing, const struct kd_part *part, const char *name,
		     int depth);

#endif
