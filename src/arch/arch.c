/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arch/arch.h"

#include <string.h>

static const struct kd_arch *const architectures[] = {
	&kd_arch_x86_64,
	&kd_arch_i386,
};

const struct kd_arch *kd_arch_find(uint16_t elf_machine)
{
	for (size_t i = 0; i < sizeof(architectures) / sizeof(*architectures); i++)
		if (architectures[i]->elf_machine == elf_machine)
			return architectures[i];
	return NULL;
}

const struct kd_arch *kd_arch_named(const char *name)
{
	for (size_t i = 0; i < sizeof(architectures) / sizeof(*architectures); i++)
		if (!strcmp(architectures[i]->name, name))
			return architectures[i];
	return NULL;
}
