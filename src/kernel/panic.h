/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who died of what, as the kernel's log tells it. */
#ifndef KD_KERNEL_PANIC_H
#define KD_KERNEL_PANIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/kernel.h"

enum { KD_PANIC_TEXT_BYTES = 256, KD_PANIC_COMM_BYTES = 32 };

struct kd_panic {
	/* "Kernel panic - not syncing: …"; without such a line the cause below; else "" */
	char message[KD_PANIC_TEXT_BYTES];
	/* the line before it that tells more: "BUG: …", "sysrq: Trigger a crash"; else "" */
	char cause[KD_PANIC_TEXT_BYTES];
	bool has_time;
	uint64_t time_ns; /* of message, since boot */
	/* from "CPU: 1 PID: 75 Comm: sh …" */
	bool has_cpu, has_pid;
	uint32_t cpu;
	uint32_t pid;
	char comm[KD_PANIC_COMM_BYTES]; /* "" unknown */
	/* Whom the cause names, where another one noticed: a CPU that is stuck, a task that is blocked. */
	bool blames_cpu, blames_pid;
	uint32_t blamed_cpu;
	uint32_t blamed_pid;
};

/* KD_NOTFOUND when the log names no panic, else as kd_klog_each. */
enum kd_status kd_panic_find(struct kd_kernel *kernel, struct kd_panic *panic, struct kd_err *err);

#endif
