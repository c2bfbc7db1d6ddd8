/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types of a kernel, out of the BTF that it carries (Documentation/bpf/btf.rst, include/uapi/linux/btf.h). Reads
 * the blob in place; nothing in it is trusted. Freestanding: no allocation, the blob is the caller's.
 *
 * A module's BTF is split: its type ids and string offsets go on where those of its base, the kernel's, end.
 *
 * Finding a type is a walk over all of them (some 5 MB for a kernel), for those who look up a handful.
 */
#ifndef KD_KERNEL_BTF_H
#define KD_KERNEL_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum kd_btf_kind {
	KD_BTF_INT = 1,
	KD_BTF_POINTER,
	KD_BTF_ARRAY,
	KD_BTF_STRUCT,
	KD_BTF_UNION,
	KD_BTF_ENUM,
	KD_BTF_FORWARD,
	KD_BTF_TYPEDEF,
	KD_BTF_VOLATILE,
	KD_BTF_CONST,
	KD_BTF_RESTRICT,
	KD_BTF_FUNCTION,
	KD_BTF_PROTOTYPE,
	KD_BTF_VARIABLE,
	KD_BTF_DATASEC,
	KD_BTF_FLOAT,
	KD_BTF_DECL_TAG,
	KD_BTF_TYPE_TAG,
	KD_BTF_ENUM64,
	KD_BTF_KINDS,
};

struct kd_btf {
	const uint8_t *types;
	const char *strings;
	uint32_t type_bytes, string_bytes;
	uint32_t first_id, end_id; /* type ids of this blob */
	uint32_t string_base;      /* offsets below it are the base's */
	const struct kd_btf *base; /* borrowed; NULL: this is a kernel's */
	bool swapped;              /* of a machine with the other byte order */
	const uint32_t *offsets;   /* of its types by id - first_id; NULL: not indexed */
	const uint32_t *names;     /* ids by the hash of kind and name, 0 free; NULL: not indexed */
	uint32_t name_slots;       /* a power of two */
};

struct kd_btf_type {
	uint32_t id;
	enum kd_btf_kind kind;
	const char *name; /* "" when it has none; NUL-terminated within the blob */
	bool flag;        /* kind_flag: bit fields in members, signed enumerators */
	uint32_t count;   /* members, enumerators, parameters, variables */
	uint32_t size;    /* bytes, of kinds that have a size; else 0 */
	uint32_t type_id; /* the type that this one is about, of kinds that have one; else 0 */
	const uint8_t *extra;
};

struct kd_btf_member {
	const char
		*name; /* "" for a struct or union within, whose members are reached through it */
	uint64_t offset_bits; /* in the outermost type that was named */
	uint32_t bits;        /* of a bit field; 0: all of its type */
	uint32_t type_id;
};

/* Checks the header and every type's extent. KD_CORRUPT, KD_UNSUPPORTED (version, unknown kind). */
enum kd_status kd_btf_init(struct kd_btf *btf, const void *data, size_t bytes,
			   const struct kd_btf *base, struct kd_err *err);

/*
 * Finding a type by its id or its name is a walk, unless they are indexed: `offsets` has room for kd_btf_count()
 * of them, `names` for name_slots, a power of two that is at least twice as many. Both are borrowed, and must
 * live as long as btf.
 */
uint32_t kd_btf_count(const struct kd_btf *btf);
void kd_btf_index(struct kd_btf *btf, uint32_t *offsets, uint32_t *names, uint32_t name_slots);

/* KD_NOTFOUND for an id that is none; id 0 is void, and has no description. */
enum kd_status kd_btf_type(const struct kd_btf *btf, uint32_t id, struct kd_btf_type *type,
			   struct kd_err *err);
/* The first type of a kind with that name. */
enum kd_status kd_btf_find(const struct kd_btf *btf, enum kd_btf_kind kind, const char *name,
			   struct kd_btf_type *type, struct kd_err *err);

/*
 * A member by path, "page._mapcount" or "task_struct.se.on_rq", through structs and unions without a name. The
 * first word is a struct's or a union's name. KD_NOTFOUND with the word that is not there.
 */
enum kd_status kd_btf_member(const struct kd_btf *btf, const char *path,
			     struct kd_btf_member *member, struct kd_err *err);
/* A type through typedefs, const, volatile, restrict and tags, to what they stand for. */
enum kd_status kd_btf_resolve(const struct kd_btf *btf, uint32_t id, struct kd_btf_type *type,
			      struct kd_err *err);
/* A member of a struct or union, by number or by name (`length` bytes of it; through those without a name). */
enum kd_status kd_btf_member_at(const struct kd_btf *btf, const struct kd_btf_type *in,
				uint32_t number, struct kd_btf_member *member, struct kd_err *err);
enum kd_status kd_btf_member_in(const struct kd_btf *btf, const struct kd_btf_type *in,
				const char *name, size_t length, struct kd_btf_member *member,
				struct kd_err *err);
/* What an array has, and how many. */
void kd_btf_array(const struct kd_btf *btf, const struct kd_btf_type *array, uint32_t *type_id,
		  uint32_t *elements);
/* The 32-bit word behind an int: what kind of number it is (BTF_INT_ENCODING…). */
uint32_t kd_btf_int_word(const struct kd_btf *btf, const struct kd_btf_type *type);
/* An enumerator of an enum by its number; false behind the last. */
bool kd_btf_enumerator_at(const struct kd_btf *btf, const struct kd_btf_type *type, uint32_t number,
			  const char **name, int64_t *value);
/* A parameter of a prototype by its number; false behind the last. type_id 0 of the last: "...". */
bool kd_btf_parameter_at(const struct kd_btf *btf, const struct kd_btf_type *type, uint32_t number,
			 const char **name, uint32_t *type_id);
/* The value of an enumerator, of whatever enum. */
enum kd_status kd_btf_enumerator(const struct kd_btf *btf, const char *name, int64_t *value,
				 struct kd_err *err);
/* Bytes of a type, through typedefs, qualifiers and arrays. KD_INVALID for one without a size. */
enum kd_status kd_btf_size(const struct kd_btf *btf, uint32_t type_id, uint64_t *bytes,
			   struct kd_err *err);

#endif
