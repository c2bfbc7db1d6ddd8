/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How functions fail: a status that code acts on, and a message that a person reads.
 *
 * A fallible function returns enum kd_status. On failure it writes the reason into the caller's
 * struct kd_err (which may be NULL) and leaves its out-parameters untouched; each caller on the way
 * up prepends what it was doing with kd_context(), so that a person reads
 *
 *     /var/crash/x/vmcore: note 3: descriptor of 4294967295 bytes runs past the segment
 *
 * Freestanding: no allocation, no errno, no stdio.
 */
#ifndef KD_BASE_ERR_H
#define KD_BASE_ERR_H

#include <stdarg.h>

enum kd_status {
	KD_OK = 0,
	KD_NOMEM,       /* no memory for it */
	KD_SYSTEM,      /* the operating system refused; the message has its reason */
	KD_CORRUPT,     /* the bytes contradict their format */
	KD_TRUNCATED,   /* the bytes end too early */
	KD_UNSUPPORTED, /* well formed, but we do not handle it */
	KD_NOTFOUND,    /* what was asked for does not exist */
	KD_EXCLUDED,    /* RAM, but the page was filtered out of the dump */
	KD_HOLE,        /* a physical address at which the machine had no RAM */
	KD_FAULT,       /* a virtual address that the page tables do not map */
	KD_INVALID,     /* what the caller asked for makes no sense */
};

enum { KD_ERR_TEXT_BYTES = 512 };

struct kd_err {
	enum kd_status status;
	char text[KD_ERR_TEXT_BYTES]; /* one line, no newline; ends with "…" if cut */
};

/* A short English word for a status, never NULL. */
const char *kd_status_name(enum kd_status status);

/* Sets *err (when not NULL) and returns status. */
enum kd_status kd_fail(struct kd_err *err, enum kd_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

__attribute__((format(printf, 3, 0))) enum kd_status
kd_vfail(struct kd_err *err, enum kd_status status, const char *format, va_list args);

/*
 * Prepends "WHAT: " to the message of err (when not NULL) and returns its status, so that
 * `return kd_context(err, status, "%s", path)` reads well. status is returned as given.
 */
enum kd_status kd_context(struct kd_err *err, enum kd_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * What comes of a walk whose steps wrote their failure elsewhere: status when that is one, else that of *step, KD_OK
 * when it failed at nothing, whose message is copied.
 */
enum kd_status kd_first_failure(enum kd_status status, const struct kd_err *step,
				struct kd_err *err);

#endif
