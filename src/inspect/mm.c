/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges are the struct vm_area_structs of the process. They are in a maple tree since 6.1 (d4af56c5c7c6, 763ecb035029),
 * and before in a list that is sorted by address.
 */
#include "inspect/mm.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "host/file.h"
#include "host/system.h"
#include "inspect/fields.h"
#include "inspect/trees.h"

enum {
	/* include/linux/mm.h */
	VM_READ = 0x1,
	VM_WRITE = 0x2,
	VM_EXEC = 0x4,
	VM_MAYSHARE = 0x80,
	SPECIAL_NAME_BYTES = 64,
};

/* What is read of each range. */
enum { START, END, FLAGS, FILE_OF, OFFSET, FIELDS };

static const char *const paths[FIELDS] = {
	[START] = "vm_area_struct.vm_start",  [END] = "vm_area_struct.vm_end",
	[FLAGS] = "vm_area_struct.vm_flags",  [FILE_OF] = "vm_area_struct.vm_file",
	[OFFSET] = "vm_area_struct.vm_pgoff",
};

struct walk {
	struct kd_system *system;
	kd_vma_take *take;
	void *opaque;
	uint64_t page_bytes;
	struct kd_field fields[FIELDS];
	uint64_t last_end; /* of the ranges so far */
	unsigned int seen;
	bool stopped;
	struct kd_err err; /* of a range in the tree */
};

static enum kd_status fail_endless(struct kd_err *err)
{
	return kd_fail(err, KD_CORRUPT, "ranges of memory without an end");
}

static enum kd_status take_vma(struct walk *walk, uint64_t vaddr, struct kd_err *err)
{
	uint64_t values[FIELDS] = {0};
	enum kd_status status = KD_OK;
	struct kd_vma vma;

	if (++walk->seen > KD_VMAS_MOST)
		return fail_endless(err);
	for (int i = 0; !status && i < FIELDS; i++)
		status = kd_field_get(walk->system, vaddr, &walk->fields[i], &values[i], err);
	if (status)
		return status;
	vma = (struct kd_vma){
		.vaddr = vaddr,
		.start = values[START],
		.end = values[END],
		.readable = values[FLAGS] & VM_READ,
		.writable = values[FLAGS] & VM_WRITE,
		.executable = values[FLAGS] & VM_EXEC,
		.shared = values[FLAGS] & VM_MAYSHARE,
		.file_vaddr = values[FILE_OF],
		.offset_bytes = values[FILE_OF] ? values[OFFSET] * walk->page_bytes : 0,
	};
	/* by address, and apart: whoever is told of them relies on that */
	if (vma.start >= vma.end || vma.start < walk->last_end)
		return kd_fail(err, KD_CORRUPT, "ranges of memory in no order");
	walk->last_end = vma.end;
	walk->stopped = !walk->take(walk->opaque, &vma);
	return KD_OK;
}

static enum kd_status walk_list(struct walk *walk, uint64_t mm, struct kd_err *err)
{
	uint64_t vma = 0;
	enum kd_status status = kd_get(walk->system, mm, "mm_struct.mmap", &vma, err);

	while (!status && vma && !walk->stopped) {
		status = take_vma(walk, vma, err);
		if (!status)
			status = kd_get(walk->system, vma, "vm_area_struct.vm_next", &vma, err);
	}
	return status;
}

static bool take_entry(void *opaque, uint64_t first, uint64_t last, uint64_t vma)
{
	struct walk *walk = opaque;

	return !take_vma(walk, vma, &walk->err) && !walk->stopped;
}

static enum kd_status walk_tree(struct walk *walk, uint64_t mm, struct kd_err *err)
{
	uint64_t offset = 0;
	enum kd_status status = kd_offset_of(walk->system, "mm_struct.mm_mt", &offset, err);

	if (!status)
		status = kd_maple_each(walk->system, mm + offset, take_entry, walk, err);
	return kd_first_failure(status, &walk->err, err);
}

static enum kd_status need_mm(const struct kd_task *task, struct kd_err *err)
{
	return task->mm ? KD_OK
			: kd_fail(err, KD_NOTFOUND, "%s has no memory of its own", task->comm);
}

static uint64_t page_bytes_of(struct kd_system *system)
{
	return kd_dump_arch(kd_kernel_dump(kd_system_kernel(system)))->page_bytes;
}

enum kd_status kd_vmas_each(struct kd_system *system, const struct kd_task *task, kd_vma_take *take,
			    void *opaque, struct kd_err *err)
{
	struct walk walk = {.system = system,
			    .take = take,
			    .opaque = opaque,
			    .page_bytes = page_bytes_of(system)};
	enum kd_status status = need_mm(task, err);
	uint64_t offset;

	for (int i = 0; !status && i < FIELDS; i++)
		status = kd_field_find(system, paths[i], &walk.fields[i], err);
	if (status)
		return status;
	if (kd_offset_of(system, "mm_struct.mm_mt", &offset, NULL) == KD_NOTFOUND)
		return walk_list(&walk, task->mm, err);
	return walk_tree(&walk, task->mm, err);
}

/* The file's place: its device as new_decode_dev() has numbers of the kernel's (include/linux/kdev_t.h), and inode. */
static void name_file(struct kd_system *system, const struct kd_vma *vma, struct kd_vma_name *name)
{
	enum { MINOR_BITS = 20 };
	uint64_t inode = 0, super = 0, device = 0, mount = 0, dentry = 0;

	if (!kd_get(system, vma->file_vaddr, "file.f_inode", &inode, NULL)) {
		kd_get(system, inode, "inode.i_ino", &name->inode, NULL);
		if (!kd_get(system, inode, "inode.i_sb", &super, NULL))
			kd_get(system, super, "super_block.s_dev", &device, NULL);
	}
	name->major = (unsigned int)(device >> MINOR_BITS);
	name->minor = (unsigned int)(device & ((1 << MINOR_BITS) - 1));
	if (!kd_get(system, vma->file_vaddr, "file.f_path.mnt", &mount, NULL) &&
	    !kd_get(system, vma->file_vaddr, "file.f_path.dentry", &dentry, NULL))
		kd_path_of(system, mount, dentry, name->name, NULL);
}

/* What the kernel itself put there, such as "[vvar]": _install_special_mapping() of mm/mmap.c. */
static bool name_special(struct kd_system *system, const struct kd_vma *vma,
			 struct kd_vma_name *name)
{
	uint64_t ops = 0, special = 0, mapping = 0, text = 0;

	return !kd_get(system, vma->vaddr, "vm_area_struct.vm_ops", &ops, NULL) && ops &&
	       !kd_system_symbol(system, "special_mapping_vmops", &special, NULL) &&
	       ops == special &&
	       !kd_get(system, vma->vaddr, "vm_area_struct.vm_private_data", &mapping, NULL) &&
	       !kd_get(system, mapping, "vm_special_mapping.name", &text, NULL) &&
	       !kd_read_text(system, text, name->name, SPECIAL_NAME_BYTES, NULL);
}

/* As show_map_vma() of fs/proc/task_mmu.c names those without a file. */
static void name_other(struct kd_system *system, uint64_t mm, const struct kd_vma *vma,
		       struct kd_vma_name *name)
{
	uint64_t brk = 0, start_brk = 0, stack = 0, vdso = 0;

	if (name_special(system, vma, name))
		return;
	if (!kd_get(system, mm, "mm_struct.context.vdso", &vdso, NULL) && vdso == vma->start)
		strcpy(name->name, "[vdso]");
	else if (!kd_get(system, mm, "mm_struct.brk", &brk, NULL) &&
		 !kd_get(system, mm, "mm_struct.start_brk", &start_brk, NULL) && vma->start < brk &&
		 vma->end > start_brk)
		strcpy(name->name, "[heap]");
	else if (!kd_get(system, mm, "mm_struct.start_stack", &stack, NULL) &&
		 vma->start <= stack && vma->end >= stack)
		strcpy(name->name, "[stack]");
}

void kd_vma_name(struct kd_system *system, const struct kd_task *task, const struct kd_vma *vma,
		 struct kd_vma_name *name)
{
	*name = (struct kd_vma_name){.inode = 0};
	if (vma->file_vaddr)
		name_file(system, vma, name);
	else
		name_other(system, task->mm, vma, name);
}

enum kd_status kd_task_space(struct kd_system *system, const struct kd_task *task,
			     struct kd_reader *reader, struct kd_space *space, struct kd_err *err)
{
	struct kd_kernel *kernel = kd_system_kernel(system);
	struct kd_space *kernels = kd_kernel_space(kernel);
	uint64_t pgd = 0, left;
	struct kd_tables tables;
	enum kd_status status = need_mm(task, err);

	if (status)
		return status;
	if (!kernels)
		return kd_fail(err, KD_UNSUPPORTED, "%s", kd_kernel_space_error(kernel)->text);
	/* other machines have tables of another form for processes than for the kernel */
	if (kd_dump_arch(kd_kernel_dump(kernel))->elf_machine != EM_X86_64)
		return kd_fail(err, KD_UNSUPPORTED, "memory of processes on %s",
			       kd_dump_arch(kd_kernel_dump(kernel))->name);
	status = kd_get(system, task->mm, "mm_struct.pgd", &pgd, err);
	tables = kernels->tables;
	if (!status)
		status = kd_space_translate(kernels, pgd, &tables.root_paddr, &left, err);
	if (!status)
		kd_space_init(space, reader, &tables);
	return status;
}

enum kd_status kd_task_command(struct kd_system *system, const struct kd_task *task,
			       struct kd_reader *reader, char **text, size_t *bytes,
			       struct kd_err *err)
{
	const uint64_t page_bytes = page_bytes_of(system);
	uint64_t start = 0, end = 0;
	KD_CLEANUP_FREE char *made = NULL;
	size_t count, done = 0;
	struct kd_space space;
	enum kd_status status = KD_OK;

	if (task->mm)
		status = kd_task_space(system, task, reader, &space, err);
	if (!status && task->mm)
		status = kd_get(system, task->mm, "mm_struct.arg_start", &start, err);
	if (!status && task->mm)
		status = kd_get(system, task->mm, "mm_struct.arg_end", &end, err);
	if (status)
		return status;
	count = end <= start                     ? 0
		: end - start > KD_COMMAND_BYTES ? (size_t)KD_COMMAND_BYTES
						 : (size_t)(end - start);
	made = malloc(count + 1);
	if (!made)
		return kd_fail_errno(err, ENOMEM, "a command line");
	while (done < count) {
		uint64_t at = start + done;
		size_t piece = (size_t)(page_bytes - at % page_bytes);

		if (piece > count - done)
			piece = count - done;
		if (kd_space_read(&space, at, made + done, piece, done ? NULL : err)) {
			if (!done)
				return err ? err->status : KD_EXCLUDED;
			break;
		}
		done += piece;
	}
	made[done] = '\0';
	*text = made;
	*bytes = done;
	made = NULL;
	return KD_OK;
}
