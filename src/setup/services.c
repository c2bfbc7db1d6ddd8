/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/services.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Each with what it is there for; kdump-refresh.timer is not among them: udev starts it. */
static const char *const units[] = {
	"kdump.service",
	"kdump-refresh.path",
	"kdump-collect.service",
	"kdump-doctor.timer",
};
enum { UNIT_COUNT = sizeof(units) / sizeof(*units) };

static const char *const unit_folders[] = {"/etc/systemd/system", "/usr/local/lib/systemd/system",
					   "/usr/lib/systemd/system", "/lib/systemd/system"};

static bool is_installed(const struct kd_setup_plan *plan, const char *unit)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(unit_folders) / sizeof(*unit_folders); i++)
		if (kd_setup_exists(plan, kd_path(path, unit_folders[i], "%s", unit)))
			return true;
	return false;
}

/* A link to it in the .wants folder of some other unit. */
static bool is_enabled(const struct kd_paths *paths, const char *unit)
{
	char pattern[PATH_MAX];
	glob_t links = {0};
	bool found;

	snprintf(pattern, sizeof(pattern), "%s/etc/systemd/system/*.wants/%s",
		 paths->root ? paths->root : "", unit);
	found = !glob(pattern, GLOB_NOSORT, NULL, &links) && links.gl_pathc;
	globfree(&links);
	return found;
}

static void plan_command(struct kd_setup_plan *plan, const char *verb, bool now, bool enabled,
			 const char *why)
{
	const char *words[KD_SETUP_WORDS] = {"systemctl", "--quiet", verb};
	int count = 3, first;

	if (now && kd_setup_exists(plan, "/run/systemd/system"))
		words[count++] = "--now";
	first = count;
	for (int i = 0; i < UNIT_COUNT; i++)
		if (is_installed(plan, units[i]) && is_enabled(plan->paths, units[i]) == enabled)
			words[count++] = units[i];
	if (count > first)
		kd_setup_run(plan, words, why);
}

bool kd_services_are_enabled(const struct kd_paths *paths)
{
	return is_enabled(paths, units[0]);
}

void kd_services_enable(struct kd_setup_plan *plan, bool start)
{
	plan_command(plan, "enable", start, false,
		     "at boot: loads; watches configuration, kernels, CPUs and memory");
}

void kd_services_disable(struct kd_setup_plan *plan)
{
	plan_command(plan, "disable", true, true, "nothing is loaded at boot any more");
}
