/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical memory as files show it. Private to this layer. */
#ifndef KD_VIEW_MEMORY_H
#define KD_VIEW_MEMORY_H

#include "view/node.h"

/* Whether there was RAM, and how far from there on the answer is the same. */
bool kd_view_is_ram(const struct kd_dump *dump, uint64_t paddr, uint64_t *bytes);

/*
 * Copies memory: what was left out of the dump is zeros when the view's options say so, what is no RAM when the caller
 * does. As kd_reader_read() otherwise.
 */
enum kd_status kd_view_read_memory(const struct kd_view *view, struct kd_reader *reader,
				   uint64_t paddr, bool hole_is_zero, void *buffer, size_t bytes,
				   struct kd_err *err);

#endif
