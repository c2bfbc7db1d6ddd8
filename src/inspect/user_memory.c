/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/user_memory.h"

#include <elf.h>

#include "arch/arch.h"
#include "inspect/fields.h"

enum kd_status kd_user_space(struct kd_system *system, const struct kd_task *task,
			     struct kd_space *space, struct kd_err *err)
{
	struct kd_kernel *kernel = kd_system_kernel(system);
	struct kd_space *of_kernel = kd_kernel_space(kernel);
	struct kd_tables tables;
	uint64_t root = 0, bytes;
	enum kd_status status;

	if (!task->mm)
		return kd_fail(err, KD_NOTFOUND, "%s has no memory of its own", task->comm);
	if (!of_kernel)
		return kd_fail(err, KD_NOTFOUND, "%s", kd_kernel_space_error(kernel)->text);
	/* other machines have tables of another form for processes than for the kernel */
	if (kd_dump_arch(kd_kernel_dump(kernel))->elf_machine != EM_X86_64)
		return kd_fail(err, KD_UNSUPPORTED, "memory of processes on %s",
			       kd_dump_arch(kd_kernel_dump(kernel))->name);
	tables = of_kernel->tables;
	status = kd_get(system, task->mm, "mm_struct.pgd", &root, err);
	if (!status)
		status = kd_space_translate(of_kernel, root, &tables.root_paddr, &bytes, err);
	if (status)
		return kd_context(err, status, "page tables of %s", task->comm);
	kd_space_init(space, kd_dump_reader(kd_kernel_dump(kernel)), &tables);
	return KD_OK;
}
