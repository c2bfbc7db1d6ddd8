/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB as Debian configures it: /etc/default/grub and the files of /etc/default/grub.d, in the order of
 * their names, are sourced by grub-mkconfig, and update-grub makes /boot/grub/grub.cfg of them.
 *
 * Our file sorts behind that of kdump-tools (kdump-tools.cfg, which stays when that package is removed without
 * being purged), since the last crashkernel= counts.
 */
#include <stdio.h>
#include <string.h>

#include "host/file.h"
#include "setup/boot_parameter.h"

#define DEFAULTS "/etc/default/grub"
#define DROP_IN  "/etc/default/grub.d/zz-kdump.cfg"
#define UPDATE   "/usr/sbin/update-grub"
#define CONFIG   "/boot/grub/grub.cfg"

static const char *const update[] = {"update-grub", NULL};

static bool is_there(const struct kd_setup_plan *plan)
{
	return kd_setup_exists(plan, DEFAULTS) && kd_setup_exists(plan, UPDATE) &&
	       kd_setup_exists(plan, CONFIG);
}

/* Whether grub.cfg has the word on a command line. */
static bool config_has(struct kd_setup_plan *plan, const char *word)
{
	KD_CLEANUP_FREE char *config = kd_setup_read(plan, CONFIG);
	size_t length = strlen(word);

	for (const char *at = config; at && (at = strstr(at, word)); at += length)
		if (strchr(" \t\n", at[length]))
			return true;
	return false;
}

static void set(struct kd_setup_plan *plan, const char *word, const char *old)
{
	char text[1024];
	bool written;

	snprintf(text, sizeof(text),
		 "# Written by `kdump setup`, which `kdump setup --remove` undoes: memory for the "
		 "kernel that\n# saves a crash dump.\n"
		 "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT %s\"\n",
		 word);
	written = kd_setup_write_text(plan, DROP_IN, text, "%s at every boot", word);
	if (written || !config_has(plan, word))
		kd_setup_run(plan, update, "puts it into GRUB's configuration");
}

static void unset(struct kd_setup_plan *plan, const char *old)
{
	bool removed = kd_setup_remove(plan, DROP_IN, "no memory is to be reserved any more");

	/* Where update-grub is gone it fails, and says so: a grub.cfg with the word is what the machine boots by. */
	if ((removed && is_there(plan)) || (old && config_has(plan, old)))
		kd_setup_run(plan, update, "takes it out of GRUB's configuration");
}

const struct kd_boot_loader kd_boot_grub = {"GRUB", is_there, set, unset};
