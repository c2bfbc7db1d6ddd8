/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot parameter crashkernel=, written to where this machine's boot loader takes its kernel command
 * lines from, and taken away again.
 *
 * The kernel obeys the last crashkernel= of its command line (kernel/crash_core.c,
 * get_last_crashkernel), so ours goes behind what a person wrote, and leaves that untouched.
 */
#ifndef KD_SETUP_BOOT_PARAMETER_H
#define KD_SETUP_BOOT_PARAMETER_H

#include <stdbool.h>

#include "setup/plan.h"

struct kd_boot_loader {
	const char *name;
	/* Whether the machine boots by it, as far as its files tell. */
	bool (*is_there)(const struct kd_setup_plan *plan);
	/* Plans to have `word` ("crashkernel=192M"), and no longer `old` (NULL: none), on the command line. */
	void (*set)(struct kd_setup_plan *plan, const char *word, const char *old);
	/*
	 * Plans to take `old` away again; NULL: what was written is not known any more. Asked of a loader that is gone,
	 * too: what is left of ours would be found again by the next one.
	 */
	void (*unset)(struct kd_setup_plan *plan, const char *old);
};

extern const struct kd_boot_loader kd_boot_grub;
extern const struct kd_boot_loader kd_boot_entries;

/*
 * Plans it for every boot loader that is there, and remembers the word in STATE/boot-parameter.
 * Returns the loaders' names ("GRUB"), NULL when there is none that we know.
 */
const char *kd_boot_parameter_set(struct kd_setup_plan *plan, const char *word);
void kd_boot_parameter_unset(struct kd_setup_plan *plan);

/* What an earlier set-up wrote, "crashkernel=…"; NULL when none did. The caller's to free. */
char *kd_boot_parameter_ours(struct kd_setup_plan *plan);

/* Bytes of "crashkernel=192M"; 0 for the forms whose size depends on the machine. */
uint64_t kd_boot_parameter_bytes(const char *word);

/*
 * A command line without `old` and with `word` at its end, either of which may be NULL; the same
 * text when that is so already. The caller's to free; NULL: no memory.
 */
char *kd_boot_parameter_edit(const char *line, const char *word, const char *old);

#endif
