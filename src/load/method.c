/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Choosing the system call.
 *
 * Whether a call would be let through depends on the configuration of the kernel (ENOSYS), on
 * capabilities, two sysctls, lockdown and any security module (EPERM), on IMA (EACCES). Guessing from all of these
 * would always miss one, so the kernel itself is asked: both calls check permissions first and
 * flags next (kernel/kexec.c kexec_load_check() and kernel/kexec_file.c of 6.1), before anything is
 * freed. A call with flags that no kernel accepts therefore answers EINVAL exactly when a proper
 * call would have got past the permission checks, and can load or free nothing. Where lockdown is
 * on, kexec_file_load looks at the signature later: this the probe cannot see.
 *
 * The files under /proc and /sys then only explain the answer to a person.
 */
#include "load/method.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/file.h"

/*
 * A flag that no kernel defines, without ON_CRASH or UNLOAD beside it, so that a kernel that came to
 * accept it would still leave the crash image alone. Segments: far above KEXEC_SEGMENT_MAX (16),
 * which the same check refuses a second time.
 */
enum { IMPOSSIBLE_FLAGS = 0x8000, IMPOSSIBLE_SEGMENTS = 1 << 20 };

static const char *const method_names[] = {
	[KD_LOAD_AUTO] = "auto",
	[KD_LOAD_FILE] = "file",
	[KD_LOAD_SEGMENTS] = "segments",
};
static const char *const backup_names[] = {
	[KD_BACKUP_AUTO] = "auto",
	[KD_BACKUP_ALWAYS] = "always",
	[KD_BACKUP_NEVER] = "never",
};
enum {
	METHOD_COUNT = sizeof(method_names) / sizeof(*method_names),
	BACKUP_COUNT = sizeof(backup_names) / sizeof(*backup_names),
};

const char *kd_load_method_name(enum kd_load_method method)
{
	return (unsigned int)method < METHOD_COUNT ? method_names[method] : NULL;
}

const char *kd_backup_name(enum kd_backup backup)
{
	return (unsigned int)backup < BACKUP_COUNT ? backup_names[backup] : NULL;
}

bool kd_load_method_parse(const char *name, enum kd_load_method *method)
{
	for (int i = 0; i < METHOD_COUNT; i++)
		if (!strcmp(name, method_names[i])) {
			*method = (enum kd_load_method)i;
			return true;
		}
	return false;
}

bool kd_backup_parse(const char *name, enum kd_backup *backup)
{
	for (int i = 0; i < BACKUP_COUNT; i++)
		if (!strcmp(name, backup_names[i])) {
			*backup = (enum kd_backup)i;
			return true;
		}
	return false;
}

/* The word in brackets of "none [integrity] confidentiality". */
static void read_lockdown(const struct kd_paths *paths, char *level, size_t bytes)
{
	KD_CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	size_t size;
	const char *open, *close;

	level[0] = '\0';
	if (kd_file_read(kd_path(path, paths->sys, "kernel/security/lockdown"), 4096, &text, &size,
			 NULL))
		return;
	open = strchr(text, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close)
		snprintf(level, bytes, "%.*s", (int)(close - open - 1), open + 1);
}

static bool sysctl_is(const struct kd_paths *paths, const char *name, long wanted)
{
	KD_CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	size_t size;
	char *end;
	long value;

	if (kd_file_read(kd_path(path, paths->proc, "sys/kernel/%s", name), 4096, &text, &size,
			 NULL))
		return false;
	value = strtol(text, &end, 10);
	return end != text && value == wanted;
}

void kd_load_powers_read(const struct kd_paths *paths, struct kd_load_powers *powers)
{
	*powers = (struct kd_load_powers){0};
	read_lockdown(paths, powers->lockdown, sizeof(powers->lockdown));
	powers->disabled_for_good = sysctl_is(paths, "kexec_load_disabled", 1);
	/* since 6.3: Documentation/admin-guide/sysctl/kernel.rst */
	powers->no_more_panic_loads = sysctl_is(paths, "kexec_load_limit_panic", 0);
}

static int answer_of(long result)
{
	if (result == 0) /* cannot be: say what would be the case */
		return 0;
	return errno == EINVAL ? 0 : errno;
}

void kd_load_powers_probe(const struct kd_paths *paths, struct kd_load_powers *powers)
{
	kd_load_powers_read(paths, powers);
	powers->segments_errno =
		answer_of(syscall(SYS_kexec_load, 0UL, (unsigned long)IMPOSSIBLE_SEGMENTS, NULL,
				  (unsigned long)IMPOSSIBLE_FLAGS));
	powers->file_errno = answer_of(
		syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, (unsigned long)IMPOSSIBLE_FLAGS));
}

/* Why a call that the kernel answers with `error` is barred, in words. */
static void explain(const struct kd_load_powers *powers, const char *call, int error, char *text,
		    size_t bytes)
{
	bool locked = *powers->lockdown && strcmp(powers->lockdown, "none");

	if (error == ENOSYS)
		snprintf(text, bytes, "this kernel has no %s", call);
	else if (error == EACCES)
		/* ima_load_data() of security/integrity/ima/ima_main.c, which comes before lockdown */
		snprintf(text, bytes,
			 "Secure Boot or an IMA policy bars %s, whose kernel cannot be appraised",
			 call);
	else if (error == EPERM && locked)
		snprintf(text, bytes, "kernel lockdown (%s) bars %s", powers->lockdown, call);
	else if (error == EPERM)
		snprintf(text, bytes, "policy (lockdown, a security module or a container) bars %s",
			 call);
	else
		snprintf(text, bytes, "%s: %s", call, strerror(error));
}

/* What bars both calls at once, whatever was asked. */
static enum kd_status check_sysctls(const struct kd_load_powers *powers, struct kd_err *err)
{
	if (powers->disabled_for_good)
		return kd_fail(err, KD_UNSUPPORTED,
			       "kernel.kexec_load_disabled is 1: nothing can be loaded or unloaded "
			       "before a reboot without that setting");
	if (powers->no_more_panic_loads)
		return kd_fail(err, KD_UNSUPPORTED,
			       "kernel.kexec_load_limit_panic is 0: no crash kernel can be loaded "
			       "before a reboot without that setting");
	return KD_OK;
}

enum kd_status kd_load_choose_method(enum kd_load_method wanted,
				     const struct kd_load_powers *powers,
				     struct kd_load_choice *choice, struct kd_err *err)
{
	char no_segments[128], no_file[128];
	enum kd_status status = check_sysctls(powers, err);

	if (status)
		return status;
	explain(powers, "kexec_load", powers->segments_errno, no_segments, sizeof(no_segments));
	explain(powers, "kexec_file_load", powers->file_errno, no_file, sizeof(no_file));
	if (wanted == KD_LOAD_SEGMENTS && powers->segments_errno)
		return kd_fail(err, KD_UNSUPPORTED, "--method segments: %s", no_segments);
	if (wanted == KD_LOAD_FILE && powers->file_errno)
		return kd_fail(err, KD_UNSUPPORTED, "--method file: %s", no_file);
	if (powers->segments_errno == ENOSYS && powers->file_errno == ENOSYS)
		return kd_fail(err, KD_UNSUPPORTED,
			       "this kernel cannot load a crash kernel: it is built without "
			       "CONFIG_KEXEC and CONFIG_KEXEC_FILE");
	if (powers->segments_errno && powers->file_errno)
		return kd_fail(err, KD_UNSUPPORTED, "%s, and %s", no_segments, no_file);

	*choice = (struct kd_load_choice){.method = wanted};
	if (wanted != KD_LOAD_AUTO)
		return KD_OK;
	choice->method = powers->segments_errno ? KD_LOAD_FILE : KD_LOAD_SEGMENTS;
	choice->may_fall_back = !powers->segments_errno && !powers->file_errno;
	if (powers->segments_errno)
		snprintf(choice->reason, sizeof(choice->reason), "%s", no_segments);
	return KD_OK;
}
