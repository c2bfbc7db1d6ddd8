/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/place.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 512, ADDRESS_DIGITS = 16 };

bool kd_number_parse(const char *text, int base, uint64_t most, uint64_t *number)
{
	unsigned long long value;
	char *end;

	if (!isxdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoull(text, &end, base);
	if (errno || *end || end == text || value > most)
		return false;
	*number = value;
	return true;
}

bool kd_place_is_address(const char *text, uint64_t *vaddr)
{
	return (isdigit((unsigned char)*text) || strlen(text) == ADDRESS_DIGITS) &&
	       kd_number_parse(text, 16, UINT64_MAX, vaddr);
}

enum kd_status kd_place_parse(struct kd_system *system, const char *text, uint64_t *vaddr,
			      struct kd_err *err)
{
	char name[NAME_BYTES];
	size_t length = strcspn(text, "+");
	uint64_t offset = 0, base;

	if (length >= sizeof(name))
		return kd_fail(err, KD_NOTFOUND, "%.40s…: too long a name", text);
	memcpy(name, text, length);
	name[length] = '\0';
	if (text[length] && !kd_number_parse(text + length + 1, 16, UINT64_MAX, &offset))
		return kd_fail(err, KD_INVALID, "%s: what follows + is no hexadecimal number",
			       text);
	/* a name like "add" is a symbol first, and a number only when there is none */
	if (!kd_system_symbol(system, name, &base, NULL) ||
	    kd_number_parse(name, 16, UINT64_MAX, &base)) {
		*vaddr = base + offset;
		return KD_OK;
	}
	return kd_fail(err, KD_NOTFOUND, "%s: neither a symbol of the kernel nor an address", name);
}
