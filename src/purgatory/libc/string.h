/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The four functions that machine.c brings, for code that is shared with places that have a libc. */
#ifndef KD_PURGATORY_LIBC_STRING_H
#define KD_PURGATORY_LIBC_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif
