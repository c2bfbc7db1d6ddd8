/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When no target can be had: what fits goes where the next boot finds it, by the records of crashes/record.h.
 *
 * EFI variables lie in the flash of the board, which wears out, is small, and whose firmware may not start any more
 * when it is full. So they are few and small; and the kernel itself refuses to write below 5 KiB of free space
 * (efi_query_variable_store, arch/x86/platform/efi/quirks.c).
 */
#ifndef KD_CAPTURE_LAST_WORDS_H
#define KD_CAPTURE_LAST_WORDS_H

#include "capture/capture.h"
#include "crashes/record.h"

enum {
	/* variables that one crash may take, and that there may be in all of any crash */
	KD_LAST_VARIABLES = 16,
	KD_LAST_VARIABLES_IN_ALL = 32,
};

/* The texts, in the order of their worth; the summary first. */
struct kd_last_words {
	struct kd_record_source texts[KD_RECORD_KINDS];
};

/* The last words of the kernel in capture->vmcore into EFI variables, and into /dev/pmsg0 where there is one. */
enum kd_status kd_capture_last_words(struct kd_capture *capture, struct kd_err *err);
/* The same without symbols and stacks. */
enum kd_status kd_capture_plain_last_words(struct kd_capture *capture, struct kd_err *err);

/*
 * Into a folder as efivarfs has it. *written gets how many variables it became. KD_SYSTEM when not even one could be
 * written.
 */
enum kd_status kd_last_words_to_efi(const struct kd_last_words *words, const char *folder,
				    unsigned int *written, struct kd_err *err);

/* Into a ring that keeps the last `room` bytes: what is worth most comes last. KD_SYSTEM. */
enum kd_status kd_last_words_to_pmsg(const struct kd_last_words *words, const char *path,
				     size_t room, struct kd_err *err);

#endif
