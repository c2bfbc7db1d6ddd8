/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/kexec.h"

#include <errno.h>
#include <linux/kexec.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/system.h"

/* What kernel/kexec.c and kernel/kexec_core.c mean by their errors, where strerror(3) is no help. */
static const struct {
	int error;
	const char *meaning;
} meanings[] = {
	{EPERM, "not permitted (root, CAP_SYS_BOOT, no lockdown, kernel.kexec_load_disabled = 0)"},
	{EBUSY, "another load is under way"},
	{ENOSYS, "this kernel has no kexec_load"},
	{EADDRNOTAVAIL, "the kernel says that a segment lies outside the reservation"},
};

enum kd_status kd_kexec_load(uint64_t entry, const struct kd_load_segment *segments, size_t count,
			     unsigned long flags, struct kd_err *err)
{
	struct kexec_segment list[KEXEC_SEGMENT_MAX];

	if (count > KEXEC_SEGMENT_MAX)
		return kd_fail(err, KD_INVALID, "%zu segments: the kernel takes %d", count,
			       KEXEC_SEGMENT_MAX);
	for (size_t i = 0; i < count; i++)
		list[i] = (struct kexec_segment){
			.buf = segments[i].data,
			.bufsz = segments[i].data_bytes,
			/* the ABI has a pointer where a physical address is meant */
			.mem = (const void *)(uintptr_t)segments[i].paddr,
			.memsz = segments[i].memory_bytes,
		};
	if (!syscall(SYS_kexec_load, (unsigned long)entry, (unsigned long)count, list,
		     flags | KEXEC_ON_CRASH | KEXEC_ARCH_X86_64))
		return KD_OK;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (meanings[i].error == errno)
			return kd_fail(err, KD_SYSTEM, "kexec_load: %s", meanings[i].meaning);
	return kd_fail_errno(err, errno, "kexec_load");
}
