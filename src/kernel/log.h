/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's log, record by record, oldest first, from VMCOREINFO alone. Two layouts, rows of one
 * table: the lockless ring buffer (5.10 on, kernel/log_ring.c) and the buffer of records before it
 * (3.5 on, kernel/log_records.c).
 */
#ifndef KD_KERNEL_LOG_H
#define KD_KERNEL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/kernel.h"

/* The kernel's LOG_* flags (include/linux/printk.h, kernel/printk/internal.h). */
enum { KD_KLOG_NEWLINE = 2, KD_KLOG_CONT = 8 };

/* PRINTK_INFO_SUBSYSTEM_LEN and PRINTK_INFO_DEVICE_LEN (include/linux/dev_printk.h), the NUL included */
enum { KD_KLOG_SUBSYSTEM_BYTES = 16, KD_KLOG_DEVICE_BYTES = 48 };

struct kd_klog_record {
	uint64_t sequence; /* 0 based, as the kernel counts; in the older buffer from its first */
	uint64_t time_ns;  /* since boot */
	uint8_t level;     /* 0 emergency … 7 debug */
	uint8_t facility;  /* as syslog: 0 kernel, 1 user (written to /dev/kmsg), … */
	bool continuation; /* continues the line of the record before it */
	bool truncated;    /* the kernel had no room for all of it */
	bool has_caller;
	bool caller_is_cpu; /* caller is a CPU (interrupt context), else a thread id */
	uint32_t caller;
	const char *text; /* any bytes, not NUL-terminated; valid during the call only */
	size_t text_bytes;
	/* the record's dictionary: the device that it is about, as /dev/kmsg has it: "pci", "+pci:0000:00:02.0"; or "" */
	char subsystem[KD_KLOG_SUBSYSTEM_BYTES], device[KD_KLOG_DEVICE_BYTES];
};

/* What came of it besides the records themselves. */
struct kd_klog_summary {
	uint64_t records;
	uint64_t lost;       /* sequence numbers missing between the first record and the last */
	uint64_t unfinished; /* reserved by a writer that the panic interrupted */
	uint64_t damaged;    /* that contradicted themselves, and were skipped */
};

/* Returns false to stop. */
typedef bool kd_klog_visit(void *opaque, const struct kd_klog_record *record);

/*
 * Visits the records. Ends after at most as many as the buffer has room for, whatever it holds.
 * KD_NOTFOUND when VMCOREINFO lacks what is needed (the message names it); the statuses of
 * kd_space_read for the buffer's own head; damage inside is counted in *summary (may be NULL).
 */
enum kd_status kd_klog_each(struct kd_kernel *kernel, kd_klog_visit *visit, void *opaque,
			    struct kd_klog_summary *summary, struct kd_err *err);

/*
 * Writes "[    1.234567] text\n" as the kernel and dmesg(1) do: every line of a record with its own
 * prefix, and bytes that are neither printable nor white space as \xNN. Writes at most `bytes` bytes,
 * the NUL included, and returns the whole length.
 */
size_t kd_klog_format(const struct kd_klog_record *record, char *buffer, size_t bytes);

/* Calls write() with pieces of the same text; a record of any length in no memory. */
typedef enum kd_status kd_klog_write(void *opaque, const char *piece, size_t bytes,
				     struct kd_err *err);
enum kd_status kd_klog_print(const struct kd_klog_record *record, kd_klog_write *write,
			     void *opaque, struct kd_err *err);
/* The same with another prefix. With `indent`, only the first line has it, and blanks stand before the others. */
enum kd_status kd_klog_print_after(const struct kd_klog_record *record, const char *prefix,
				   bool indent, kd_klog_write *write, void *opaque,
				   struct kd_err *err);

/* "emerg", "alert", … "debug", as dmesg --level names them. */
const char *kd_klog_level_name(unsigned int level);
/* "kern", "user", "mail" …, as dmesg --decode names them. */
const char *kd_klog_facility_name(unsigned int facility);

#endif
