/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/taints.h"

#include "inspect/fields.h"

/* By bit: include/linux/panic.h and taint_flags[] of kernel/panic.c. */
static const struct {
	char letter;
	const char *meaning;
} taints[] = {
	{'P', "a proprietary module was loaded"},
	{'F', "a module was loaded by force"},
	{'S', "an SMP kernel on a CPU that is not made for it"},
	{'R', "a module was unloaded by force"},
	{'M', "a machine check error was reported"},
	{'B', "a bad page was found"},
	{'U', "user space asked for the taint"},
	{'D', "the kernel has died before (oops or BUG)"},
	{'A', "an ACPI table was overridden"},
	{'W', "a warning was issued before"},
	{'C', "a staging driver was loaded"},
	{'I', "a bug of the firmware is worked around"},
	{'O', "a module from outside the kernel's tree was loaded"},
	{'E', "an unsigned module was loaded"},
	{'L', "a soft lockup happened before"},
	{'K', "the kernel was live-patched"},
	{'X', "a taint that the distribution defines"},
	{'T', "structures were laid out at random"},
	{'N', "an in-kernel test was run"},
	{'J', "user space used a mutating debug operation of fwctl"},
};

enum { TAINTS = sizeof(taints) / sizeof(*taints) };

void kd_taint_letters(uint64_t mask, char letters[KD_TAINT_LETTERS])
{
	size_t count = 0;

	for (unsigned int bit = 0; bit < 64; bit++)
		if (mask >> bit & 1)
			letters[count++] = bit < TAINTS ? taints[bit].letter : '?';
	letters[count] = '\0';
}

const char *kd_taint_meaning(unsigned int bit)
{
	return bit < TAINTS ? taints[bit].meaning : NULL;
}

enum kd_status kd_system_taints(struct kd_system *system, uint64_t *mask, struct kd_err *err)
{
	uint64_t vaddr = 0;
	enum kd_status status = kd_system_symbol(system, "tainted_mask", &vaddr, err);

	return status ? status : kd_read_u64(system, vaddr, mask, err);
}
