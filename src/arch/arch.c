/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arch/arch.h"

#include <stdbool.h>
#include <string.h>

static const struct kd_arch *const architectures[] = {
	&kd_arch_x86_64, &kd_arch_i386, &kd_arch_arm64_4k, &kd_arch_arm64_16k, &kd_arch_arm64_64k,
};

const struct kd_arch *kd_arch_find(uint16_t elf_machine)
{
	for (size_t i = 0; i < sizeof(architectures) / sizeof(*architectures); i++)
		if (architectures[i]->elf_machine == elf_machine)
			return architectures[i];
	return NULL;
}

/* i386 to i686, by the family of the CPU (arch/x86/kernel/cpu/common.c, arch_cpu_finalize_init) */
static bool is_i386(const char *name)
{
	return strlen(name) == 4 && name[0] == 'i' && name[1] >= '3' && name[1] <= '6' &&
	       !strcmp(name + 2, "86");
}

const struct kd_arch *kd_arch_named(const char *name)
{
	if (is_i386(name))
		return &kd_arch_i386;
	for (size_t i = 0; i < sizeof(architectures) / sizeof(*architectures); i++)
		if (!strcmp(architectures[i]->name, name))
			return architectures[i];
	return NULL;
}

const struct kd_arch *kd_arch_paged(const struct kd_arch *arch, uint64_t page_bytes)
{
	for (size_t i = 0; i < sizeof(architectures) / sizeof(*architectures); i++)
		if (architectures[i]->elf_machine == arch->elf_machine &&
		    architectures[i]->page_bytes == page_bytes)
			return architectures[i];
	return NULL;
}
