/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name of a crash folder: HOST-YYYY-MM-DDTHH-MM-SSZ, and -2, -3… for more of the same second. */
#ifndef KD_CRASHES_NAME_H
#define KD_CRASHES_NAME_H

#include <stdbool.h>
#include <stdint.h>

enum {
	KD_HOST_BYTES = 65,
	KD_CRASH_NAME_BYTES = 128,
	KD_CRASH_SERIALS = 100, /* at most so many crashes of one host in one second */
};

struct kd_crash_name {
	char host[KD_HOST_BYTES];
	uint64_t time_s;     /* Unix time */
	unsigned int serial; /* from 1 on */
};

/* The host's name as a part of a file name: letters, digits, '.', '-' and '_'. */
void kd_host_name(const char *from, char to[KD_HOST_BYTES]);

/* A time that no calendar has becomes that of 1970. */
void kd_crash_name_format(const struct kd_crash_name *name, char text[KD_CRASH_NAME_BYTES]);

/* False when text is not exactly what kd_crash_name_format() makes. */
bool kd_crash_name_parse(const char *text, struct kd_crash_name *name);

#endif
