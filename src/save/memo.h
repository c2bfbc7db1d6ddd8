/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pages of the first windows are kept, from when they were counted, so that later sweeps need not read their struct
 * pages once more. A part of fixed size: windows behind it are judged in each sweep. Private to this layer.
 */
#ifndef KD_SAVE_MEMO_H
#define KD_SAVE_MEMO_H

#include "save/window.h"

/* All of a machine of 8 GiB. */
enum { KD_MEMO_WINDOWS = (2 << 20) / KD_WINDOW_PAGES };

struct kd_memo {
	struct {
		struct kd_page_set kept, valuable; /* of these, the kernel's own */
		bool known;
	} windows[KD_MEMO_WINDOWS];
};

/* Other pages are kept from now on. */
void kd_memo_clear(struct kd_memo *memo);
/* What a window was judged to be. */
void kd_memo_keep(struct kd_memo *memo, const struct kd_window *window);
/*
 * Sets `kept`, and `now` to those of them that are wanted: all, none, KD_KINDS_VALUABLE or what is not of these. Nothing
 * else of the window is known. False when it has to be judged.
 */
bool kd_memo_recall(const struct kd_memo *memo, struct kd_window *window, uint32_t wanted);

#endif
