/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/iomem.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/system.h"

enum { IOMEM_BYTES_MAX = 4 << 20 };

/* A line "  start-end : name", not NUL-terminated. */
static bool parse_line(const char *line, size_t bytes, struct kd_iomem_range *range)
{
	char text[160];
	uint64_t start, last;
	int name = 0, spaces;

	if (bytes >= sizeof(text))
		return false;
	memcpy(text, line, bytes);
	text[bytes] = '\0';
	spaces = (int)strspn(text, " ");
	if (sscanf(text + spaces, "%" SCNx64 "-%" SCNx64 " : %n", &start, &last, &name) != 2 ||
	    !name)
		return false;
	if (last < start || (last == UINT64_MAX && !start))
		return false;
	range->start = start;
	range->bytes = last - start + 1;
	range->depth = (unsigned int)spaces / 2;
	snprintf(range->name, sizeof(range->name), "%s", text + spaces + name);
	return true;
}

enum kd_status kd_iomem_parse(const char *text, struct kd_iomem *iomem, struct kd_err *err)
{
	struct kd_iomem found = {0};
	bool addresses = false;
	unsigned int number = 0;
	size_t room = 0;

	for (const char *line = text; *line;) {
		size_t bytes = strcspn(line, "\n");
		struct kd_iomem_range range;

		number++;
		if (bytes && !parse_line(line, bytes, &range)) {
			kd_iomem_deinit(&found);
			return kd_fail(err, KD_CORRUPT, "line %u: not \"start-end : name\"",
				       number);
		}
		if (bytes && found.count == room) {
			struct kd_iomem_range *grown;

			room = room ? 2 * room : 64;
			grown = reallocarray(found.ranges, room, sizeof(*grown));
			if (!grown) {
				kd_iomem_deinit(&found);
				return kd_fail_errno(err, ENOMEM, "line %u", number);
			}
			found.ranges = grown;
		}
		if (bytes) {
			found.ranges[found.count++] = range;
			addresses |= range.bytes > 1;
		}
		line += bytes + (line[bytes] == '\n');
	}
	if (!addresses) {
		kd_iomem_deinit(&found);
		return kd_fail(err, KD_INVALID,
			       "shows no addresses: only root sees them, so run this as root");
	}
	*iomem = found;
	return KD_OK;
}

enum kd_status kd_iomem_read(const struct kd_paths *paths, struct kd_iomem *iomem,
			     struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	enum kd_status status;
	size_t bytes;

	status = kd_file_read(kd_path(path, paths->proc, "iomem"), IOMEM_BYTES_MAX, &text, &bytes,
			      err);
	if (status)
		return status;
	status = kd_iomem_parse(text, iomem, err);
	return status ? kd_context(err, status, "%s", path) : KD_OK;
}

void kd_iomem_deinit(struct kd_iomem *iomem)
{
	free(iomem->ranges);
	*iomem = (struct kd_iomem){0};
}

const struct kd_iomem_range *kd_iomem_next(const struct kd_iomem *iomem, const char *name,
					   size_t *at)
{
	while (*at < iomem->count) {
		const struct kd_iomem_range *range = &iomem->ranges[(*at)++];

		if (!strcmp(range->name, name))
			return range;
	}
	return NULL;
}

void kd_iomem_reservation(const struct kd_iomem *iomem, struct kd_reservation *reservation)
{
	const struct kd_iomem_range *range;
	size_t at = 0;

	*reservation = (struct kd_reservation){0};
	/* sorted by address: crashkernel=X,high leaves its low part first */
	while ((range = kd_iomem_next(iomem, "Crash kernel", &at))) {
		reservation->low_start = reservation->start;
		reservation->low_bytes = reservation->bytes;
		reservation->start = range->start;
		reservation->bytes = range->bytes;
	}
}
