/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of the kernel's structures by name: "task_struct.signal", "module.mem[0].base". Where a member changed its
 * name, a path has alternatives: "task_struct.__state|task_struct.state"; the first that the kernel has counts.
 */
#ifndef KD_INSPECT_FIELDS_H
#define KD_INSPECT_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "inspect/system.h"

struct kd_field {
	uint64_t offset; /* bytes, in the outermost type */
	uint64_t bytes;  /* of its type; of a bit field's storage */
	uint32_t type_id;
	uint8_t shift, bits; /* of a bit field; else bits is 0 */
};

/* KD_NOTFOUND with the word that the kernel lacks; KD_UNSUPPORTED without types. */
enum kd_status kd_field_find(struct kd_system *system, const char *path, struct kd_field *field,
			     struct kd_err *err);

/* The same among the types of a module, and those of the kernel that it is split from. */
enum kd_status kd_field_find_in(const struct kd_btf *btf, const char *path, struct kd_field *field,
				struct kd_err *err);

/* The value of a number, pointer, enum or bit field in the object at vaddr; not sign-extended. */
enum kd_status kd_field_get(struct kd_system *system, uint64_t vaddr, const struct kd_field *field,
			    uint64_t *value, struct kd_err *err);
/* The same out of a copy of the object's bytes; 0 where it does not reach. */
uint64_t kd_field_extract(const struct kd_field *field, const void *object, size_t object_bytes);

/* All in one, for what is asked once. */
enum kd_status kd_get(struct kd_system *system, uint64_t vaddr, const char *path, uint64_t *value,
		      struct kd_err *err);
/* Several members of one object. */
struct kd_wanted {
	const char *path;
	uint64_t *value;
};
enum kd_status kd_get_each(struct kd_system *system, uint64_t vaddr,
			   const struct kd_wanted *members, size_t count, struct kd_err *err);
/*
 * A text in an array of characters: always NUL-terminated, and cut to what fits. Here and below what a terminal should not
 * be sent is replaced: kd_text_clean().
 */
enum kd_status kd_get_text(struct kd_system *system, uint64_t vaddr, const char *path, char *text,
			   size_t text_bytes, struct kd_err *err);
/* The offset of a member, and the size of a type; bytes. */
enum kd_status kd_offset_of(struct kd_system *system, const char *path, uint64_t *offset,
			    struct kd_err *err);
enum kd_status kd_size_of(struct kd_system *system, const char *type, uint64_t *bytes,
			  struct kd_err *err);
/* A NUL-terminated text anywhere; cut to what fits. */
enum kd_status kd_read_text(struct kd_system *system, uint64_t vaddr, char *text, size_t text_bytes,
			    struct kd_err *err);
/* A pointer, or whatever has 8 bytes. */
enum kd_status kd_read_u64(struct kd_system *system, uint64_t vaddr, uint64_t *value,
			   struct kd_err *err);

#endif
