/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that somebody else has written. */
#ifndef KD_BASE_TEXT_H
#define KD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Makes bytes such as a terminal may be sent: control characters (those of C1, too) and what is no UTF-8 become '?',
 * one for each byte. NULs stay. True when something had to be changed.
 */
bool kd_text_clean(char *text, size_t bytes);

#endif
