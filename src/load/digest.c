/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "host/system.h"
#include "load/purgatory_image.h"

enum kd_status kd_purgatory_copy(void **data, size_t *data_bytes, uint64_t *memory_bytes,
				 struct kd_purgatory_params **params, struct kd_err *err)
{
	struct kd_purgatory_header header;
	uint8_t *copy = malloc(kd_purgatory_image_bytes);

	if (!copy)
		return kd_fail_errno(err, ENOMEM, "purgatory");
	memcpy(copy, kd_purgatory_image, kd_purgatory_image_bytes);
	memcpy(&header, copy, sizeof(header));
	*params = (struct kd_purgatory_params *)(void *)(copy + header.params_offset);
	memset(*params, 0, sizeof(**params));
	(*params)->filled = KD_PURGATORY_FILLED;
	*data = copy;
	*data_bytes = kd_purgatory_image_bytes;
	*memory_bytes = header.memory_bytes;
	return KD_OK;
}

void kd_purgatory_digest(const struct kd_load_image *image, struct kd_purgatory_params *params)
{
	size_t next = 0;

	for (size_t i = 0; i < image->segment_count; i++) {
		const struct kd_load_segment *segment = &image->segments[i];
		struct kd_purgatory_segment *entry = &params->segments[next];
		struct kd_sha256 hash;

		if (!segment->digested || !segment->data_bytes)
			continue;
		snprintf(entry->name, sizeof(entry->name), "%s", segment->name);
		entry->paddr = segment->paddr;
		entry->bytes = segment->data_bytes;
		kd_sha256_init(&hash);
		kd_sha256_update(&hash, segment->data, segment->data_bytes);
		kd_sha256_final(&hash, entry->digest);
		next++;
	}
}
