/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types written as C writes them: "struct list_head *next", "void (*func)(struct callback_head *)". */
#ifndef KD_INSPECT_DECLARE_H
#define KD_INSPECT_DECLARE_H

#include "kernel/btf.h"

enum { KD_DECLARATION_BYTES = 512 };

/* A declaration of `name` with that type, "" for the type alone; cut with "…" when it is too long. */
void kd_declare(const struct kd_btf *btf, uint32_t type_id, const char *name,
		char text[KD_DECLARATION_BYTES]);

/* What an int is: BTF_INT_… of include/uapi/linux/btf.h. */
struct kd_btf_int {
	bool is_signed, is_char, is_bool;
};
struct kd_btf_int kd_btf_int(const struct kd_btf *btf, const struct kd_btf_type *type);

/* The name of an enum's value; NULL: none has it. */
const char *kd_btf_enum_name(const struct kd_btf *btf, const struct kd_btf_type *type,
			     uint64_t value);

#endif
