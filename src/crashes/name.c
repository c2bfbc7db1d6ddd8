/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crashes/name.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIME_FORMAT "-%Y-%m-%dT%H-%M-%SZ"

enum { TIME_LENGTH = sizeof("-2026-01-02T03-04-05Z") - 1 };

void kd_host_name(const char *from, char to[KD_HOST_BYTES])
{
	size_t length = 0;

	for (; from && *from && length < KD_HOST_BYTES - 1; from++, length++) {
		bool good = isalnum((unsigned char)*from) || (length && strchr(".-_", *from));

		to[length] = good ? *from : '_';
	}
	to[length] = '\0';
	if (!length)
		snprintf(to, KD_HOST_BYTES, "localhost");
}

void kd_crash_name_format(const struct kd_crash_name *name, char text[KD_CRASH_NAME_BYTES])
{
	time_t when = (time_t)name->time_s;
	char stamp[TIME_LENGTH + 1], suffix[16] = "";
	struct tm utc;

	if (!gmtime_r(&when, &utc) || strftime(stamp, sizeof(stamp), TIME_FORMAT, &utc) == 0)
		snprintf(stamp, sizeof(stamp), "-1970-01-01T00-00-00Z");
	if (name->serial > 1)
		snprintf(suffix, sizeof(suffix), "-%u", name->serial);
	snprintf(text, KD_CRASH_NAME_BYTES, "%s%s%s", name->host, stamp, suffix);
}

bool kd_crash_name_parse(const char *text, struct kd_crash_name *name)
{
	struct kd_crash_name found = {.serial = 1};
	char again[KD_CRASH_NAME_BYTES], clean[KD_HOST_BYTES];
	const char *end = strrchr(text, 'Z'), *start;
	struct tm utc = {0};
	time_t when;

	if (!end || end + 1 - text <= TIME_LENGTH)
		return false;
	start = end + 1 - TIME_LENGTH;
	if ((size_t)(start - text) >= sizeof(found.host) || !strptime(start, TIME_FORMAT, &utc))
		return false;
	if (end[1] == '-')
		found.serial = (unsigned int)strtoul(end + 2, NULL, 10);
	memcpy(found.host, text, (size_t)(start - text));
	when = timegm(&utc);
	if (when < 0)
		return false;
	found.time_s = (uint64_t)when;
	/* strptime(3) and strtoul(3) are lenient; what they made of it is not */
	kd_crash_name_format(&found, again);
	kd_host_name(found.host, clean);
	if (strcmp(again, text) || strcmp(clean, found.host))
		return false;
	*name = found;
	return true;
}
