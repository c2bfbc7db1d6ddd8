/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that somebody else has written. */
#ifndef KD_BASE_TEXT_H
#define KD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Makes bytes such as a terminal may be sent: control characters (those of C1, too) and what is no UTF-8 become '?',
 * one for each byte. NULs stay. True when something had to be changed.
 */
bool kd_text_clean(char *text, size_t bytes);

/*
 * A hash for tables in memory: eight bytes at a time, in the order of the machine. Nothing to defend against names that
 * were chosen to collide: a table that compares names gets slower by them, and no less right.
 */
uint32_t kd_text_hash(const char *text, size_t bytes);

/*
 * A number of bytes as people and the kernel's command line write it (lib/cmdline.c, memparse): digits, octal or hexadecimal ones by
 * their prefix where `base` is 0, then perhaps K, M, G or T of either case. False when there is none, or it takes more
 * than 64 bits. *end is what follows it.
 */
bool kd_text_bytes(const char *text, int base, uint64_t *bytes, const char **end);

#endif
