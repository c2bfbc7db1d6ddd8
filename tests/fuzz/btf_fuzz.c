/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as BTF, and half of them as BTF split from the other half: what is accepted can be asked anything. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/btf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct kd_btf *btf)
{
	struct kd_btf_member member;
	struct kd_btf_type type;
	uint64_t bytes;
	int64_t value;

	for (uint32_t id = btf->first_id; id < btf->end_id; id++) {
		char path[256] = "";

		if (kd_btf_type(btf, id, &type, NULL))
			__builtin_trap();
		kd_btf_size(btf, id, &bytes, NULL);
		if (strlen(type.name) < sizeof(path) - 8) {
			strcat(strcat(path, type.name), ".a.b");
			kd_btf_member(btf, path, &member, NULL);
		}
		kd_btf_enumerator(btf, type.name, &value, NULL);
	}
}

/* A blob with a header that is right, whose types are the front of the data and whose strings are the rest. */
static void *with_header(const uint8_t *data, size_t size, size_t *bytes)
{
	uint32_t strings = (uint32_t)size / 4, types = (uint32_t)size - strings;
	uint32_t words[6] = {0x0001eb9f, 24, 0, types, types, strings + 1};
	uint8_t *blob = calloc(1, sizeof(words) + size + 1);

	if (!blob)
		abort();
	memcpy(blob, words, sizeof(words));
	memcpy(blob + sizeof(words), data, size);
	*bytes = sizeof(words) + size + 1;
	return blob;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kd_btf base, split;
	size_t bytes;
	void *first = with_header(data, size / 2, &bytes);

	if (!kd_btf_init(&base, data, size, NULL, NULL))
		ask(&base);
	if (!kd_btf_init(&base, first, bytes, NULL, NULL)) {
		void *second = with_header(data + size / 2, size - size / 2, &bytes);

		ask(&base);
		if (!kd_btf_init(&split, second, bytes, &base, NULL))
			ask(&split);
		free(second);
	}
	free(first);
	return 0;
}
