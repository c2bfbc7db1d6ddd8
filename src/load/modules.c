/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/modules.h"

#include <errno.h>
#include <libkmod.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"

enum { SOFTDEP_BYTES_MAX = 1 << 20 };

struct kd_modules {
	struct kmod_ctx *context;
	char complaint[256]; /* what libkmod last logged: it goes on where we must not */
	struct kd_names files;
	struct kd_names visited; /* by name: what is on the list, built in, or on its way */
};

__attribute__((format(printf, 6, 0))) static void take_complaint(void *opaque, int priority,
								 const char *file, int line,
								 const char *function,
								 const char *format, va_list args)
{
	struct kd_modules *modules = opaque;

	char text[sizeof(modules->complaint)];
	const char *at = text;

	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	/* Most start with the address of the context, which tells a person nothing. */
	if (!strncmp(text, "ctx=", 4))
		at += strcspn(text, " ") + (strchr(text, ' ') != NULL);
	snprintf(modules->complaint, sizeof(modules->complaint), "%s", at);
}

/*
 * libkmod reads modules.softdep as configuration, in which other commands could stand, and logs what
 * it does not understand on stderr before it can be told not to: look at it first.
 */
static enum kd_status check_softdep(const char *path, const char *version, struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	enum kd_status status;
	size_t bytes;

	status = kd_file_read(path, SOFTDEP_BYTES_MAX, &text, &bytes, err);
	if (status)
		return status == KD_NOTFOUND ? KD_OK : status;
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");

		if (length && *line != '#' && strncmp(line, "softdep ", strlen("softdep ")))
			return kd_fail(err, KD_CORRUPT, "%s: damaged: run depmod %s", path,
				       version);
		line += length + (line[length] == '\n');
	}
	if (strlen(text) != bytes)
		return kd_fail(err, KD_CORRUPT, "%s: damaged: run depmod %s", path, version);
	return KD_OK;
}

enum kd_status kd_modules_open(const struct kd_paths *paths, const char *version,
			       struct kd_modules **modules, struct kd_err *err)
{
	char folder[PATH_MAX], index[PATH_MAX], softdep[PATH_MAX];
	/*
	 * The configuration is the kernel's own soft dependencies and nothing of the host's: a
	 * blacklist or an install command of /etc/modprobe.d has no say in the second kernel.
	 */
	const char *const configuration[] = {softdep, NULL};
	struct kd_modules *made;
	enum kd_status status;

	kd_path(folder, paths->modules, "%s", version);
	kd_path(softdep, folder, "modules.softdep");
	if (!*version || strchr(version, '/') || access(folder, R_OK))
		return kd_fail(err, KD_NOTFOUND,
			       "%s: no modules of kernel version %s: install that kernel, or name "
			       "another version",
			       folder, version);
	kd_path(index, folder, "modules.dep.bin");
	if (access(index, R_OK))
		return kd_fail(err, KD_NOTFOUND, "%s: not there: run depmod %s", index, version);
	status = check_softdep(softdep, version, err);
	if (status)
		return status;
	made = calloc(1, sizeof(*made));
	if (made)
		made->context = kmod_new(folder, configuration);
	if (!made || !made->context) {
		free(made);
		return kd_fail(err, KD_NOMEM, "%s: cannot read the module indexes", folder);
	}
	kmod_set_log_fn(made->context, take_complaint, made);
	/* Opens every index once, so that a damaged one is told from one that lacks a name. */
	if (kmod_load_resources(made->context) < 0) {
		kd_modules_close(made);
		return kd_fail(err, KD_CORRUPT, "%s: damaged: run depmod %s", index, version);
	}
	*modules = made;
	return KD_OK;
}

void kd_modules_close(struct kd_modules *modules)
{
	if (!modules)
		return;
	kmod_unref(modules->context);
	kd_names_deinit(&modules->files);
	kd_names_deinit(&modules->visited);
	free(modules);
}

static enum kd_status add(struct kd_modules *modules, struct kmod_module *module,
			  struct kd_err *err);

static enum kd_status add_list(struct kd_modules *modules, const struct kmod_list *list,
			       struct kd_err *err)
{
	const struct kmod_list *at;
	enum kd_status status = KD_OK;

	kmod_list_foreach(at, list)
	{
		struct kmod_module *module = kmod_module_get_module(at);

		if (!status)
			status = add(modules, module, err);
		kmod_module_unref(module);
	}
	return status;
}

/*
 * Depth first: soft dependencies, dependencies, the module, what should follow it. A module that
 * is on its way counts as visited, so that soft dependencies may run in a circle.
 */
static enum kd_status add(struct kd_modules *modules, struct kmod_module *module,
			  struct kd_err *err)
{
	const char *name = kmod_module_get_name(module), *path;
	struct kmod_list *before = NULL, *after = NULL, *needs;
	enum kd_status status;

	if (kd_names_have(&modules->visited, name))
		return KD_OK;
	status = kd_names_add(&modules->visited, name, err);
	if (status || kmod_module_get_initstate(module) == KMOD_MODULE_BUILTIN)
		return status;
	path = kmod_module_get_path(module);
	if (!path || access(path, R_OK))
		return kd_fail(err, KD_NOTFOUND,
			       "module %s: %s is not there, though modules.dep names it: reinstall "
			       "the kernel, or run depmod",
			       name, path ? path : "its file");
	kmod_module_get_softdeps(module, &before, &after);
	needs = kmod_module_get_dependencies(module);
	status = add_list(modules, before, err);
	if (!status)
		status = add_list(modules, needs, err);
	if (!status)
		status = kd_names_add(&modules->files, path, err);
	if (!status)
		status = add_list(modules, after, err);
	kmod_module_unref_list(before);
	kmod_module_unref_list(after);
	kmod_module_unref_list(needs);
	return status;
}

enum kd_status kd_modules_want(struct kd_modules *modules, const char *name, bool *found,
			       struct kd_err *err)
{
	struct kmod_list *list = NULL;
	int error = kmod_module_new_from_lookup(modules->context, name, &list);
	enum kd_status status;

	/* A name that no module can have is one that no module has. */
	if (error < 0 && error != -EINVAL && error != -ENOENT && error != -ENOSYS)
		return kd_fail_errno(err, -error, "module %s", name);
	*found = list != NULL;
	status = add_list(modules, list, err);
	kmod_module_unref_list(list);
	if (!status && *modules->complaint)
		status = kd_fail(err, KD_NOTFOUND,
				 "module %s: its dependencies cannot be followed (%s): reinstall "
				 "the kernel, or run depmod",
				 name, modules->complaint);
	return status;
}

const struct kd_names *kd_modules_files(const struct kd_modules *modules)
{
	return &modules->files;
}
