/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kernel.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/bytes.h"
#include "host/system.h"
#include "kernel/info_search.h"
#include "kernel/tables.h"

enum { UTS_NODENAME = 1, TEXT_BYTES = 128, IMAGE_BYTES_MOST = 1 << 30 };

struct kd_kernel {
	struct kd_dump *dump; /* borrowed */
	const char *text;     /* VMCOREINFO: the dump's, or found */
	size_t text_bytes;
	char *found;
	struct kd_vmcoreinfo info;
	struct kd_space space;
	enum kd_status space_status; /* KD_OK: there is one */
	struct kd_err space_error;
	uint64_t image_offset;
	char release[TEXT_BYTES];
	char build_id[TEXT_BYTES];
	char nodename[KD_UTS_BYTES];
	uint64_t crash_time_s;
};

/* Copies a value of printable text, "" when there is none. */
static void copy_text(const struct kd_kernel *kernel, const char *key, char text[TEXT_BYTES])
{
	const char *value;
	size_t bytes;

	text[0] = '\0';
	if (kd_vmcoreinfo_text(&kernel->info, key, &value, &bytes, NULL))
		return;
	if (bytes >= TEXT_BYTES)
		bytes = TEXT_BYTES - 1;
	for (size_t i = 0; i < bytes; i++)
		text[i] = value[i] >= ' ' && value[i] <= '~' ? value[i] : '?';
	text[bytes] = '\0';
}

enum kd_status kd_kernel_utsname(struct kd_kernel *kernel, char uts[KD_UTS_FIELDS][KD_UTS_BYTES])
{
	uint64_t uts_ns, offset, vaddr;

	if (kd_vmcoreinfo_symbol(&kernel->info, "init_uts_ns", &uts_ns, NULL) ||
	    kd_vmcoreinfo_offset(&kernel->info, "uts_namespace.name", &offset, NULL) ||
	    !kd_add(uts_ns, offset, &vaddr))
		return KD_NOTFOUND;
	return kd_kernel_read(kernel, vaddr, uts, KD_UTS_FIELDS * KD_UTS_BYTES, NULL);
}

/* The host name, from init_uts_ns: absent or unreadable is not an error. */
static void read_nodename(struct kd_kernel *kernel)
{
	char uts[KD_UTS_FIELDS][KD_UTS_BYTES];

	if (kd_kernel_utsname(kernel, uts))
		return;
	memcpy(kernel->nodename, uts[UTS_NODENAME], sizeof(kernel->nodename));
	kernel->nodename[sizeof(kernel->nodename) - 1] = '\0';
	/* it becomes the name of a folder: only what a host name can hold */
	for (char *c = kernel->nodename; *c; c++)
		if (!((*c >= '0' && *c <= '9') || ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z') ||
		      (*c == '.' && c != kernel->nodename) || *c == '-' || *c == '_'))
			*c = '_';
}

static enum kd_status read_info(struct kd_kernel *kernel, struct kd_err *err)
{
	struct kd_tables tables;
	enum kd_status status = KD_OK;

	kernel->text = kd_dump_vmcoreinfo(kernel->dump, &kernel->text_bytes);
	if (!kernel->text) {
		status = kd_vmcoreinfo_search(kernel->dump, &kernel->found, &kernel->text_bytes,
					      err);
		kernel->text = kernel->found;
	}
	if (!status)
		status = kd_vmcoreinfo_init(&kernel->info, kernel->text, kernel->text_bytes, err);
	if (status)
		return status;
	copy_text(kernel, "OSRELEASE", kernel->release);
	copy_text(kernel, "BUILD-ID", kernel->build_id);
	kd_vmcoreinfo_key(&kernel->info, "CRASHTIME", 10, &kernel->crash_time_s, NULL);
	kernel->space_status = kd_tables_find(kernel->dump, &kernel->info, &tables,
					      &kernel->image_offset, &kernel->space_error);
	if (!kernel->space_status) {
		kd_space_init(&kernel->space, kd_dump_reader(kernel->dump), &tables);
		read_nodename(kernel);
	}
	return KD_OK;
}

enum kd_status kd_kernel_open(struct kd_dump *dump, struct kd_kernel **kernel, struct kd_err *err)
{
	struct kd_kernel *made = calloc(1, sizeof(*made));
	enum kd_status status;

	if (!made)
		return kd_fail_errno(err, ENOMEM, "%s", kd_dump_path(dump));
	made->dump = dump;
	status = read_info(made, err);
	if (status) {
		kd_kernel_close(made);
		return kd_context(err, status, "%s", kd_dump_path(dump));
	}
	*kernel = made;
	return KD_OK;
}

void kd_kernel_close(struct kd_kernel *kernel)
{
	if (kernel)
		free(kernel->found);
	free(kernel);
}

struct kd_dump *kd_kernel_dump(const struct kd_kernel *kernel)
{
	return kernel->dump;
}

const char *kd_kernel_release(const struct kd_kernel *kernel)
{
	return kernel->release;
}

const char *kd_kernel_build_id(const struct kd_kernel *kernel)
{
	return *kernel->build_id ? kernel->build_id : NULL;
}

const char *kd_kernel_nodename(const struct kd_kernel *kernel)
{
	return *kernel->nodename ? kernel->nodename : NULL;
}

uint64_t kd_kernel_crash_time_s(const struct kd_kernel *kernel)
{
	return kernel->crash_time_s;
}

const char *kd_kernel_vmcoreinfo_text(const struct kd_kernel *kernel, size_t *bytes)
{
	*bytes = kernel->text_bytes;
	return kernel->text;
}

const struct kd_vmcoreinfo *kd_kernel_vmcoreinfo(const struct kd_kernel *kernel)
{
	return &kernel->info;
}

struct kd_space *kd_kernel_space(struct kd_kernel *kernel)
{
	return kernel->space_status ? NULL : &kernel->space;
}

uint64_t kd_kernel_image_offset(const struct kd_kernel *kernel)
{
	return kernel->image_offset;
}

const struct kd_err *kd_kernel_space_error(const struct kd_kernel *kernel)
{
	return &kernel->space_error;
}

enum kd_status kd_kernel_need_64_bits(const struct kd_kernel *kernel, const char *what,
				      struct kd_err *err)
{
	const struct kd_arch *arch = kd_dump_arch(kernel->dump);

	if (arch->pointer_bytes == 8)
		return KD_OK;
	return kd_fail(err, KD_UNSUPPORTED, "%s: not read on %s yet", what, arch->name);
}

/*
 * Whether it can be told without page tables where something is: x86_64 maps its image at a constant distance
 * (KERNEL_IMAGE_SIZE from __START_KERNEL_map on, arch/x86/include/asm/page_64_types.h).
 */
static bool is_in_image(const struct kd_kernel *kernel, uint64_t vaddr, size_t bytes)
{
	const struct kd_arch *arch = kd_dump_arch(kernel->dump);

	return arch->text_vaddr && vaddr >= arch->text_vaddr &&
	       vaddr - arch->text_vaddr < IMAGE_BYTES_MOST && bytes < IMAGE_BYTES_MOST;
}

enum kd_status kd_kernel_read(struct kd_kernel *kernel, uint64_t vaddr, void *buffer, size_t bytes,
			      struct kd_err *err)
{
	enum kd_status status;

	if (kernel->space_status)
		return kd_fail(err, kernel->space_status, "%s", kernel->space_error.text);
	status = kd_space_read(&kernel->space, vaddr, buffer, bytes, err);
	/* symbols, types and the log lie in the image: a page table that is not there does not take them along */
	if ((status == KD_TRUNCATED || status == KD_EXCLUDED) &&
	    is_in_image(kernel, vaddr, bytes) &&
	    !kd_dump_read(kernel->dump, vaddr - kernel->image_offset, buffer, bytes, NULL))
		status = KD_OK;
	return status;
}
