/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is not to be in a dump, whatever else is: named by symbols, types and members, found by the kernel's own
 * kallsyms and BTF, and overwritten with KD_ERASED_BYTE in every page that is saved.
 *
 *     SYMBOL                        a variable, up to the symbol that follows
 *     TYPE@SYMBOL                   one TYPE there
 *     TYPE.MEMBER.MEMBER@SYMBOL     a part of it; pointers on the way are followed
 *     TYPE.MEMBER*@SYMBOL           what that pointer points to: a string, or as much as its type has
 *     TYPE*@SYMBOL                  what SYMBOL, a pointer to a TYPE, points to
 *     …@HEAD:LIST                   of every TYPE that is linked by its member LIST into the list that begins at
 *                                   HEAD: a symbol, or SYMBOL.MEMBER of a TYPE that is itself one of them
 */
#ifndef KD_SAVE_ERASE_H
#define KD_SAVE_ERASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/kernel.h"

enum { KD_ERASED_BYTE = 'X' };

struct kd_erasures {
	struct kd_erasure {
		uint64_t paddr, bytes;
	} * ranges; /* sorted, apart from each other */
	size_t count, room;
	char *text; /* what was erased, a line each, as makedumpfile writes it; NULL: nothing */
	size_t text_bytes;
};

/*
 * Finds what the specifications name. All or nothing: KD_INVALID for a specification that is none, KD_NOTFOUND where
 * the kernel has no such thing, KD_FAULT and so on where a pointer leads nowhere.
 */
enum kd_status kd_erasures_init(struct kd_erasures *erasures, struct kd_kernel *kernel,
				const char *const *specs, size_t count, struct kd_err *err);
void kd_erasures_deinit(struct kd_erasures *erasures);

/* Whether there is something to erase in a range of memory. */
bool kd_erasures_touch(const struct kd_erasures *erasures, uint64_t paddr, size_t bytes);
/* Erases it in a copy of the range. */
void kd_erasures_apply(const struct kd_erasures *erasures, uint64_t paddr, uint8_t *copy,
		       size_t bytes);

#endif
