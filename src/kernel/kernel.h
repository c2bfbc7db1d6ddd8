/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dead Linux kernel: what VMCOREINFO and the notes of a dump tell about it, and its address space.
 */
#ifndef KD_KERNEL_KERNEL_H
#define KD_KERNEL_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dump/dump.h"
#include "kernel/vmcoreinfo.h"
#include "memory/space.h"

struct kd_kernel;

/*
 * Reads what the dump says of its kernel; where it has no note of that, what the kernel has in its memory for it
 * (kernel/info_search.h). The dump is borrowed and must outlive the kernel.
 * KD_NOTFOUND without VMCOREINFO, KD_CORRUPT, KD_UNSUPPORTED, KD_NOMEM.
 */
enum kd_status kd_kernel_open(struct kd_dump *dump, struct kd_kernel **kernel, struct kd_err *err);
void kd_kernel_close(struct kd_kernel *kernel);

struct kd_dump *kd_kernel_dump(const struct kd_kernel *kernel);
const char *kd_kernel_release(const struct kd_kernel *kernel);   /* "6.1.0-…", never NULL */
const char *kd_kernel_build_id(const struct kd_kernel *kernel);  /* hex, or NULL */
const char *kd_kernel_nodename(const struct kd_kernel *kernel);  /* host name, or NULL */
uint64_t kd_kernel_crash_time_s(const struct kd_kernel *kernel); /* Unix time, 0: unknown */

enum { KD_UTS_BYTES = 65, KD_UTS_FIELDS = 6 };
/*
 * The six texts of struct new_utsname (include/uapi/linux/utsname.h) as they are in memory: sysname, nodename,
 * release, version, machine, domainname. KD_NOTFOUND when VMCOREINFO does not lead there, or what reading says.
 */
enum kd_status kd_kernel_utsname(struct kd_kernel *kernel, char uts[KD_UTS_FIELDS][KD_UTS_BYTES]);

/* Its text: the dump's, or where that has none, the one found in its memory. */
const char *kd_kernel_vmcoreinfo_text(const struct kd_kernel *kernel, size_t *bytes);
const struct kd_vmcoreinfo *kd_kernel_vmcoreinfo(const struct kd_kernel *kernel);
/*
 * The kernel's virtual addresses; NULL when VMCOREINFO does not tell where the page tables are, or the
 * architecture has no page walk here (kd_kernel_space_error() then says which).
 */
struct kd_space *kd_kernel_space(struct kd_kernel *kernel);
const struct kd_err *kd_kernel_space_error(const struct kd_kernel *kernel);
/* How far the kernel's image is above its place in physical memory, modulo 2^64, as VMCOREINFO tells; 0 without space. */
uint64_t kd_kernel_image_offset(const struct kd_kernel *kernel);

/* KD_UNSUPPORTED for a kernel whose pointers are not of 8 bytes: `what` of it is not read yet. */
enum kd_status kd_kernel_need_64_bits(const struct kd_kernel *kernel, const char *what,
				      struct kd_err *err);

/* Reads at a kernel virtual address; as kd_space_read, or the error of there being no space. */
enum kd_status kd_kernel_read(struct kd_kernel *kernel, uint64_t vaddr, void *buffer, size_t bytes,
			      struct kd_err *err);

#endif
