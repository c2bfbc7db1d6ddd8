/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/file_method.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kexec.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/system.h"
#include "load/command_line.h"
#include "load/image.h"
#include "load/iomem.h"
#include "load/kernel_image.h"

enum {
	KERNEL_LIMIT_BYTES = 1 << 30,
	/*
	 * What the kernel keeps of the command line for its elfcorehdr= (MAX_ELFCOREHDR_STR_LEN of
	 * arch/x86/kernel/kexec-bzimage64.c), and the NUL, which it counts.
	 */
	ELFCOREHDR_BYTES = 30 + 1,
};

static enum kd_status open_file(const char *path, int *fd, uint64_t *bytes, struct kd_err *err)
{
	struct stat info;

	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0 || fstat(*fd, &info))
		return kd_fail_errno(err, errno, "%s", path);
	*bytes = (uint64_t)info.st_size;
	return KD_OK;
}

/* Reads the kernel as method segments does, so that both find the same faults in it. */
static enum kd_status read_kernel(const char *path, uint64_t *memory_bytes,
				  size_t *command_line_limit, struct kd_err *err)
{
	KD_CLEANUP_FREE char *file = NULL;
	struct kd_kernel_image kernel = {0};
	size_t bytes;
	enum kd_status status = kd_file_read(path, KERNEL_LIMIT_BYTES, &file, &bytes, err);

	if (status)
		return status;
	status = kd_kernel_image_read(file, bytes, &kernel, err);
	if (status)
		return kd_context(err, status, "%s", path);
	if (strcmp(kernel.format, kd_kernel_bzimage.name) != 0)
		status = kd_fail(err, KD_UNSUPPORTED,
				 "%s: not a bzImage, and method file takes nothing else: give it "
				 "one, or use --method segments",
				 path);
	else if (kernel.below_4g) /* bzImage64_probe() of the same file */
		status = kd_fail(err, KD_UNSUPPORTED,
				 "%s: too old for method file, which wants a kernel that can lie "
				 "above 4 GiB: use --method segments",
				 path);
	else if (kernel.command_line_limit_bytes <= ELFCOREHDR_BYTES)
		status = kd_fail(err, KD_CORRUPT, "%s: takes a command line of %zu bytes only",
				 path, kernel.command_line_limit_bytes);
	kd_kernel_image_deinit(&kernel);
	if (status)
		return status;
	*memory_bytes = kernel.memory_bytes;
	*command_line_limit = kernel.command_line_limit_bytes - ELFCOREHDR_BYTES;
	return KD_OK;
}

/*
 * What must fit at the very least: the unpacking kernel and the initramfs. The kernel adds the core
 * header, purgatory and alignment, so that a set that passes here can still be refused; a set that
 * does not pass cannot fit.
 */
static enum kd_status check_room(const struct kd_paths *paths, uint64_t kernel_bytes,
				 uint64_t initrd_bytes, struct kd_err *err)
{
	uint64_t needed = kd_round_up(kernel_bytes, 4096) + kd_round_up(initrd_bytes, 4096);
	struct kd_reservation reservation;
	struct kd_iomem iomem = {0};
	enum kd_status status = kd_iomem_read(paths, &iomem, err);

	if (status)
		return status;
	kd_iomem_reservation(&iomem, &reservation);
	kd_iomem_deinit(&iomem);
	if (needed <= reservation.bytes)
		return KD_OK;
	return kd_fail(err, KD_UNSUPPORTED,
		       "the reservation of %" PRIu64 " KiB is too small by at least %" PRIu64
		       " KiB for this kernel and initramfs: enlarge crashkernel= and reboot",
		       reservation.bytes >> 10, (needed - reservation.bytes + 1023) >> 10);
}

static enum kd_status fill(const struct kd_load_request *request, struct kd_load_image *image,
			   struct kd_err *err)
{
	struct kd_command_line_needs needs = {0};
	uint64_t file_bytes, memory_bytes = 0, initrd_bytes = 0;
	enum kd_status status;

	status = open_file(request->kernel_path, &image->kernel_fd, &file_bytes, err);
	if (!status)
		status = read_kernel(request->kernel_path, &memory_bytes, &needs.limit_bytes, err);
	if (!status && request->initrd_path)
		status = open_file(request->initrd_path, &image->initrd_fd, &initrd_bytes, err);
	if (!status)
		status = check_room(request->paths, memory_bytes, initrd_bytes, err);
	if (!status)
		status = kd_command_line_make(request, &needs, &image->command_line, err);
	return status;
}

enum kd_status kd_file_method_prepare(const struct kd_load_request *request,
				      struct kd_load_image **image, struct kd_err *err)
{
	struct kd_load_image *made;
	enum kd_status status;

	if (request->backup == KD_BACKUP_ALWAYS)
		return kd_fail(
			err, KD_UNSUPPORTED,
			"--backup always: method file cannot back up the first 640 KiB; only "
			"method segments does");
	made = kd_load_image_new(KD_LOAD_FILE);
	if (!made)
		return kd_fail_errno(err, ENOMEM, "image");
	status = fill(request, made, err);
	if (status) {
		kd_load_image_free(made);
		return status;
	}
	*image = made;
	return KD_OK;
}

const char *kd_file_method_hint(int error)
{
	static const struct {
		int error;
		const char *hint;
	} hints[] = {
		/* kimage_validate_signature() of kernel/kexec_file.c (6.1) */
		{EPERM, "lockdown takes only an image that is signed with a key that the running "
			"kernel trusts; without Secure Boot no trusted key is present"},
		{ENOKEY, "the kernel image is not signed with a key that this kernel trusts"},
		{EKEYREJECTED, "the signature of the kernel image was rejected"},
		{EBADMSG, "the kernel image carries no signature, and one is enforced"},
		{ENODATA, "the kernel image carries no signature, and one is enforced"},
		{ENOEXEC, "this kernel does not take such an image"},
		{EADDRNOTAVAIL, "the reservation is too small: enlarge crashkernel="},
		{ENOMEM, "the reservation or the free memory is too small"},
		{EBUSY, "another load is under way"},
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++)
		if (hints[i].error == error)
			return hints[i].hint;
	return "";
}

enum kd_status kd_file_method_commit(struct kd_load_image *image, struct kd_err *err)
{
	unsigned long flags = KEXEC_FILE_ON_CRASH;
	const char *hint;
	int error;

	if (image->initrd_fd < 0)
		flags |= KEXEC_FILE_NO_INITRAMFS;
	if (!syscall(SYS_kexec_file_load, image->kernel_fd, image->initrd_fd,
		     strlen(image->command_line) + 1, image->command_line, flags))
		return KD_OK;
	error = errno;
	hint = kd_file_method_hint(error);
	kd_fail_errno(err, error, "kexec_file_load");
	if (*hint)
		return kd_fail(err, KD_SYSTEM, "kexec_file_load: %s: %s", strerror(error), hint);
	return KD_SYSTEM;
}

enum kd_status kd_file_method_unload(struct kd_err *err)
{
	if (!syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL,
		     (unsigned long)(KEXEC_FILE_UNLOAD | KEXEC_FILE_ON_CRASH)))
		return KD_OK;
	return kd_fail_errno(err, errno, "kexec_file_load (to unload)");
}
