/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms in which `kdump mem` shows memory. */
#ifndef KD_CMD_MEM_FORMS_H
#define KD_CMD_MEM_FORMS_H

#include <jansson.h>

#include "base/err.h"
#include "inspect/system.h"

/* What was read: `bytes` of it from an address on. */
struct kd_memory_piece {
	struct kd_system *system; /* for symbols; NULL: there are none to tell */
	uint64_t address;
	const uint8_t *data;
	size_t bytes;
};

struct kd_memory_form {
	const char *name;   /* of its option */
	bool needs_symbols; /* of the kernel */
	/*
	 * Whether a piece must be all that was asked for: an instruction or a text may reach from one page into the next.
	 */
	bool needs_all;
	void (*print)(const struct kd_memory_piece *piece);
	json_t *(*json)(
		const struct kd_memory_piece *piece); /* a value for "instructions" and so on */
	const char *json_key;
	/* Whether it can be had at all; NULL: always. */
	enum kd_status (*prepare)(struct kd_err *err);
};

extern const struct kd_memory_form kd_memory_forms[];
extern const unsigned int kd_memory_form_count;

/* cmd/disassembly.c */
enum kd_status kd_instructions_prepare(struct kd_err *err);
void kd_print_instructions(const struct kd_memory_piece *piece);
json_t *kd_instructions_json(const struct kd_memory_piece *piece);

#endif
