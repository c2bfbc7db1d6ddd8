/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/elfcore.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/system.h"

enum { PAGE_BYTES = 4096, CPUS_MAX = 65536, KCORE_HEADERS_BYTES = 256 << 10 };

/* __START_KERNEL_map, arch/x86/include/asm/page_64_types.h: text and its modules lie above it. */
#define TEXT_MAP_VADDR UINT64_C(0xffffffff80000000)

/*
 * /proc/kcore has a PT_LOAD for each RAM range of the direct map and one for the kernel's image, with
 * both addresses (kcore_update_phdrs, fs/proc/kcore.c; p_paddr since 464920104bf7, 4.14). With
 * KASLR both offsets are random, and this needs no symbols.
 */
static enum kd_status read_layout(int fd, struct kd_kernel_layout *layout, struct kd_err *err)
{
	KD_CLEANUP_FREE uint8_t *headers = malloc(KCORE_HEADERS_BYTES);
	struct kd_kernel_layout found = {0};
	Elf64_Ehdr ehdr;
	ssize_t got;

	if (!headers)
		return kd_fail_errno(err, ENOMEM, "headers");
	got = pread(fd, headers, KCORE_HEADERS_BYTES, 0);
	if (got < 0)
		return kd_fail_errno(err, errno, "headers");
	if ((size_t)got < sizeof(ehdr))
		return kd_fail(err, KD_CORRUPT, "shorter than an ELF header");
	memcpy(&ehdr, headers, sizeof(ehdr));
	if (memcmp(ehdr.e_ident, ELFMAG, SELFMAG) || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_phentsize != sizeof(Elf64_Phdr))
		return kd_fail(err, KD_CORRUPT, "not a 64-bit ELF core");
	for (size_t i = 0; i < ehdr.e_phnum; i++) {
		uint64_t at = ehdr.e_phoff + i * sizeof(Elf64_Phdr);
		Elf64_Phdr phdr;

		if (at > (size_t)got || (size_t)got - at < sizeof(phdr))
			break;
		memcpy(&phdr, headers + at, sizeof(phdr));
		if (phdr.p_type != PT_LOAD || phdr.p_paddr == UINT64_MAX)
			continue;
		if (phdr.p_vaddr >= TEXT_MAP_VADDR) {
			found.text_vaddr = phdr.p_vaddr;
			found.text_paddr = phdr.p_paddr;
			found.text_bytes = phdr.p_memsz;
		} else if (!found.direct_map_vaddr) {
			found.direct_map_vaddr = phdr.p_vaddr - phdr.p_paddr;
		}
	}
	if (!found.direct_map_vaddr)
		return kd_fail(err, KD_UNSUPPORTED, "does not show where RAM is mapped");
	*layout = found;
	return KD_OK;
}

enum kd_status kd_kernel_layout_read(const struct kd_paths *paths, struct kd_kernel_layout *layout,
				     struct kd_err *err)
{
	char path[PATH_MAX];
	KD_CLEANUP_CLOSE int fd = open(kd_path(path, paths->proc, "kcore"), O_RDONLY | O_CLOEXEC);
	enum kd_status status;

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	status = read_layout(fd, layout, err);
	return status ? kd_context(err, status, "%s", path) : KD_OK;
}

/* A growing list of program headers. */
struct headers {
	Elf64_Phdr *list;
	size_t count, room;
};

static enum kd_status add_header(struct headers *headers, Elf64_Phdr phdr, struct kd_err *err)
{
	if (headers->count == headers->room) {
		size_t room = headers->room ? 2 * headers->room : 64;
		Elf64_Phdr *grown = reallocarray(headers->list, room, sizeof(*grown));

		if (!grown)
			return kd_fail_errno(err, ENOMEM, "core header");
		headers->list = grown;
		headers->room = room;
	}
	headers->list[headers->count++] = phdr;
	return KD_OK;
}

/* A note area that the dying kernel fills: at a physical address, of a size that it told. */
static enum kd_status add_note(struct headers *headers, uint64_t paddr, uint64_t bytes,
			       struct kd_err *err)
{
	return add_header(headers,
			  (Elf64_Phdr){
				  .p_type = PT_NOTE,
				  .p_offset = paddr,
				  .p_paddr = paddr,
				  .p_filesz = bytes,
				  .p_memsz = bytes,
			  },
			  err);
}

static int by_number(const void *a, const void *b)
{
	unsigned long left = *(const unsigned long *)a, right = *(const unsigned long *)b;

	return (left > right) - (left < right);
}

/* The numbers N of the folders SYS/devices/system/cpu/cpuN, in order. */
static enum kd_status list_cpus(const struct kd_paths *paths, unsigned long **cpus, size_t *count,
				struct kd_err *err)
{
	char path[PATH_MAX];
	DIR *folder = opendir(kd_path(path, paths->sys, "devices/system/cpu"));
	unsigned long *list = NULL;
	struct dirent *entry;
	size_t found = 0;

	if (!folder)
		return kd_fail_errno(err, errno, "%s", path);
	while ((entry = readdir(folder))) {
		unsigned long *grown, cpu;
		char end;

		if (sscanf(entry->d_name, "cpu%lu%c", &cpu, &end) != 1 || found == CPUS_MAX)
			continue;
		grown = reallocarray(list, found + 1, sizeof(*list));
		if (!grown) {
			closedir(folder);
			free(list);
			return kd_fail_errno(err, ENOMEM, "%s", path);
		}
		list = grown;
		list[found++] = cpu;
	}
	closedir(folder);
	if (found)
		qsort(list, found, sizeof(*list), by_number);
	*cpus = list;
	*count = found;
	return KD_OK;
}

/* The notes of every CPU that the kernel knows, in order, and of VMCOREINFO. */
static enum kd_status add_notes(const struct kd_paths *paths, struct headers *headers,
				struct kd_err *err)
{
	KD_CLEANUP_FREE unsigned long *cpus = NULL;
	KD_CLEANUP_FREE char *vmcoreinfo = NULL;
	char path[PATH_MAX];
	enum kd_status status;
	uint64_t paddr, bytes;
	size_t count = 0, length;

	status = list_cpus(paths, &cpus, &count, err);
	for (size_t i = 0; i < count && !status; i++) {
		kd_path(path, paths->sys, "devices/system/cpu/cpu%lu/crash_notes", cpus[i]);
		if (access(path, F_OK))
			continue;
		status = kd_file_read_number(path, 16, &paddr, err);
		if (!status)
			status = kd_file_read_number(
				kd_path(path, paths->sys,
					"devices/system/cpu/cpu%lu/crash_notes_size", cpus[i]),
				0, &bytes, err);
		if (!status)
			status = add_note(headers, paddr, bytes, err);
	}
	if (status)
		return status;
	if (!headers->count)
		return kd_fail(
			err, KD_NOTFOUND,
			"%s/devices/system/cpu: no crash notes: the kernel has no crash dumping",
			paths->sys);
	status = kd_file_read(kd_path(path, paths->sys, "kernel/vmcoreinfo"), 4096, &vmcoreinfo,
			      &length, err);
	if (status)
		return status;
	if (sscanf(vmcoreinfo, "%" SCNx64 " %" SCNx64, &paddr, &bytes) != 2)
		return kd_fail(err, KD_CORRUPT, "%s: not \"address size\"", path);
	return add_note(headers, paddr, bytes, err);
}

static enum kd_status add_memory(const struct kd_elfcore_input *input, struct headers *headers,
				 struct kd_err *err)
{
	const struct kd_kernel_layout *layout = input->layout;
	enum kd_status status = KD_OK;

	/* the kernel's image once more, at the addresses that its symbols have */
	if (layout->text_bytes)
		status = add_header(headers,
				    (Elf64_Phdr){
					    .p_type = PT_LOAD,
					    .p_flags = PF_R | PF_W | PF_X,
					    .p_offset = layout->text_paddr,
					    .p_vaddr = layout->text_vaddr,
					    .p_paddr = layout->text_paddr,
					    .p_filesz = layout->text_bytes,
					    .p_memsz = layout->text_bytes,
				    },
				    err);
	for (size_t i = 0; i < input->memory->count && !status; i++) {
		const struct kd_memory_range *range = &input->memory->ranges[i];
		bool moved = !range->start && input->backup_paddr;

		status = add_header(headers,
				    (Elf64_Phdr){
					    .p_type = PT_LOAD,
					    .p_flags = PF_R | PF_W | PF_X,
					    .p_offset = moved ? input->backup_paddr : range->start,
					    .p_vaddr = layout->direct_map_vaddr + range->start,
					    .p_paddr = range->start,
					    .p_filesz = range->bytes,
					    .p_memsz = range->bytes,
				    },
				    err);
	}
	return status;
}

static enum kd_status pack(const struct headers *headers, size_t least_bytes, void **data,
			   size_t *bytes, struct kd_err *err)
{
	size_t used = sizeof(Elf64_Ehdr) + headers->count * sizeof(Elf64_Phdr);
	size_t room = (size_t)kd_round_up(used > least_bytes ? used : least_bytes, PAGE_BYTES);
	const Elf64_Ehdr ehdr = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)headers->count,
	};
	uint8_t *made;

	if (headers->count >= PN_XNUM)
		return kd_fail(err, KD_UNSUPPORTED,
			       "%zu memory ranges and CPUs: a core has room for %d", headers->count,
			       PN_XNUM - 1);
	made = calloc(1, room);
	if (!made)
		return kd_fail_errno(err, ENOMEM, "core header");
	memcpy(made, &ehdr, sizeof(ehdr));
	memcpy(made + sizeof(ehdr), headers->list, headers->count * sizeof(Elf64_Phdr));
	*data = made;
	*bytes = room;
	return KD_OK;
}

enum kd_status kd_elfcore_make(const struct kd_elfcore_input *input, void **data, size_t *bytes,
			       struct kd_err *err)
{
	struct headers headers = {0};
	enum kd_status status;

	status = add_notes(input->paths, &headers, err);
	if (!status)
		status = add_memory(input, &headers, err);
	if (!status)
		status = pack(&headers, input->least_bytes, data, bytes, err);
	free(headers.list);
	return status ? kd_context(err, status, "ELF core header") : KD_OK;
}
