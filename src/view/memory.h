/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical memory as files show it. Private to this layer. */
#ifndef KD_VIEW_MEMORY_H
#define KD_VIEW_MEMORY_H

#include "view/node.h"

/*
 * Copies memory: what is no RAM is zeros, and so is what was left out of the dump when the view's options say that.
 * As kd_reader_read() otherwise.
 */
enum kd_status kd_view_read_memory(const struct kd_view *view, struct kd_reader *reader,
				   uint64_t paddr, void *buffer, size_t bytes, struct kd_err *err);

#endif
