/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMCOREINFO: what a kernel says about itself for those who read its memory later, as lines of
 * KEY=VALUE (Documentation/admin-guide/kdump/vmcoreinfo.rst). Freestanding; nothing is copied, the
 * text must outlive the struct.
 *
 * Getters are KD_NOTFOUND, with the key's name in the message, for what the kernel does not say, and
 * KD_CORRUPT for a value that is no number.
 */
#ifndef KD_KERNEL_VMCOREINFO_H
#define KD_KERNEL_VMCOREINFO_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Kernels write some 120 lines into at most a page. */
enum { KD_VMCOREINFO_LIMIT = 1024, KD_VMCOREINFO_BYTES = 1 << 20 };

struct kd_vmcoreinfo {
	size_t count;
	struct kd_vmcoreinfo_entry {
		const char *key, *value; /* in the text, not NUL-terminated */
		size_t key_bytes, value_bytes;
	} entries[KD_VMCOREINFO_LIMIT]; /* sorted by key */
};

/*
 * Parses the text. Lines that are not KEY=VALUE are skipped (KD_CORRUPT when all of them are); of a repeated key the last counts (as
 * `CRASHTIME` is appended). KD_UNSUPPORTED past the limits.
 */
enum kd_status kd_vmcoreinfo_init(struct kd_vmcoreinfo *info, const char *text, size_t bytes,
				  struct kd_err *err);

/* A value as text, by its whole key: "OSRELEASE", "BUILD-ID", "SYMBOL(prb)". */
enum kd_status kd_vmcoreinfo_text(const struct kd_vmcoreinfo *info, const char *key,
				  const char **value, size_t *bytes, struct kd_err *err);

/* SYMBOL(name): a virtual address, KASLR already in it. */
enum kd_status kd_vmcoreinfo_symbol(const struct kd_vmcoreinfo *info, const char *name,
				    uint64_t *vaddr, struct kd_err *err);
/* OFFSET(type.member), bytes. */
enum kd_status kd_vmcoreinfo_offset(const struct kd_vmcoreinfo *info, const char *name,
				    uint64_t *offset, struct kd_err *err);
/* SIZE(type), bytes. */
enum kd_status kd_vmcoreinfo_size(const struct kd_vmcoreinfo *info, const char *name,
				  uint64_t *bytes, struct kd_err *err);
/* LENGTH(array), elements. */
enum kd_status kd_vmcoreinfo_length(const struct kd_vmcoreinfo *info, const char *name,
				    uint64_t *length, struct kd_err *err);
/* NUMBER(name), decimal, may be negative. */
enum kd_status kd_vmcoreinfo_number(const struct kd_vmcoreinfo *info, const char *name,
				    int64_t *number, struct kd_err *err);
/* A bare key: "KERNELOFFSET" (hexadecimal), "PAGESIZE", "CRASHTIME" (decimal). base 10 or 16. */
enum kd_status kd_vmcoreinfo_key(const struct kd_vmcoreinfo *info, const char *key,
				 unsigned int base, uint64_t *value, struct kd_err *err);

#endif
