/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON files of a crash folder, read as what they are: anybody's. */
#ifndef KD_CRASHES_JSON_H
#define KD_CRASHES_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The object in a plain file of the folder `fd`; links are not followed, and what is no plain file is not opened.
 * KD_NOTFOUND, KD_CORRUPT, KD_UNSUPPORTED (too large), KD_SYSTEM. *root is the caller's.
 */
enum kd_status kd_json_read(int fd, const char *name, size_t limit_bytes, json_t **root,
			    struct kd_err *err);

/* A member that is a text, printable, for the caller to free; NULL where there is none, or it is empty. */
char *kd_json_member_text(const json_t *object, const char *key);
/* A member that is a number; 0 where there is none, or a negative one. */
uint64_t kd_json_member_number(const json_t *object, const char *key);

/* The text with '?' for everything that a terminal would act upon, for the caller to free. */
char *kd_printable(const char *text);

#endif
