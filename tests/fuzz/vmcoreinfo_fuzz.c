/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as VMCOREINFO: whatever parses is found again, and in order. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/vmcoreinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kd_vmcoreinfo info;
	uint64_t value;
	int64_t number;

	if (kd_vmcoreinfo_init(&info, (const char *)data, size, NULL))
		return 0;
	kd_vmcoreinfo_number(&info, "n", &number, NULL);
	for (size_t i = 0; i < info.count; i++) {
		char key[64];
		const char *text;
		size_t bytes;

		if (info.entries[i].key_bytes >= sizeof(key) ||
		    memchr(info.entries[i].key, '\0', info.entries[i].key_bytes))
			continue;
		memcpy(key, info.entries[i].key, info.entries[i].key_bytes);
		key[info.entries[i].key_bytes] = '\0';
		if (kd_vmcoreinfo_text(&info, key, &text, &bytes, NULL) ||
		    text != info.entries[i].value)
			abort();
		kd_vmcoreinfo_key(&info, key, 16, &value, NULL);
	}
	return 0;
}
