/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layouts that the kernel's log has had: rows of the table in log.c. Private to this layer. */
#ifndef KD_KERNEL_LOG_LAYOUT_H
#define KD_KERNEL_LOG_LAYOUT_H

#include "kernel/log.h"

struct kd_klog_layout {
	const char *symbol; /* that VMCOREINFO has for this layout only */
	enum kd_status (*each)(struct kd_kernel *kernel, char *text, kd_klog_visit *visit,
			       void *opaque, struct kd_klog_summary *summary, struct kd_err *err);
};

/* Text of a record: its length is a 16-bit field in both. */
enum { KD_KLOG_TEXT_BYTES = 65536 };

extern const struct kd_klog_layout kd_klog_ring;    /* kernel 5.10 on */
extern const struct kd_klog_layout kd_klog_records; /* 3.5 to 5.9 */

/* A row of what a layout wants to know: OFFSET(name) or SIZE(name) into an uint64_t of a struct. */
struct kd_klog_field {
	const char *name;
	bool is_size;
	size_t member; /* offsetof */
};
enum kd_status kd_klog_fields(struct kd_kernel *kernel, const struct kd_klog_field *fields,
			      size_t count, void *into, struct kd_err *err);

/* Copies a text that ends at a NUL or with its bytes: printable ASCII, "?" for what is not; cut to what fits. */
void kd_klog_copy(char *text, size_t text_bytes, const void *from, size_t bytes);

/* Reads a little-endian number of `bytes` bytes (at most 8) at a virtual address. */
enum kd_status kd_klog_number(struct kd_kernel *kernel, uint64_t vaddr, size_t bytes,
			      uint64_t *value, struct kd_err *err);

#endif
