/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "load/state.h"
#include "setup/boot_parameter.h"
#include "setup/services.h"
#include "setup/setup.h"

/* What kdump wrote down meanwhile; its lock stays, which somebody may hold. */
static const struct {
	const char *path, *why;
} kept[] = {
	{KD_SETUP_STATE "/loaded.json", "what was loaded is forgotten"},
	{KD_SETUP_STATE "/doctor.json", "what the doctor last said is forgotten"},
	{KD_SETUP_STATE "/announced", "which crashes were told of is forgotten"},
	{KD_SETUP_STATE "/test-crash.json", "the test crash is forgotten"},
	{"/run/motd.d/kdump", "nothing renews it any more"},
};

static void plan_images(struct kd_setup_plan *plan)
{
	char pattern[PATH_MAX], path[PATH_MAX];
	glob_t found = {0};

	if (!glob(kd_path(pattern, plan->paths->state, "initrd-*"), 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			kd_setup_remove(plan,
					kd_path(path, KD_SETUP_STATE, "%s",
						strrchr(found.gl_pathv[i], '/') + 1),
					"nothing loads it any more");
	globfree(&found);
}

enum kd_status kd_setup_plan_removal(const struct kd_paths *paths, struct kd_setup_plan *plan,
				     struct kd_err *err)
{
	struct kd_load_state state = {0};

	kd_setup_plan_init(plan, paths);
	kd_services_disable(plan);
	/* What another program loaded is not ours to unload; a kernel without kexec has nothing loaded. */
	if (!kd_load_state_read(paths, &state, NULL)) {
		if (state.ours)
			kd_setup_load(plan, KD_SETUP_UNLOAD, "a panic leaves no dump from now on");
		kd_load_state_deinit(&state);
	}
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		kd_setup_remove(plan, kept[i].path, kept[i].why);
	plan_images(plan);
	kd_setup_remove(plan, KD_SETUP_DROP_IN, "the target that was named");
	kd_boot_parameter_unset(plan);
	if (plan->broken.status)
		*err = plan->broken;
	return plan->broken.status;
}
