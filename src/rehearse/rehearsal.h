/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rehearsal: the very kernel, image and command line that a panic of this machine would start, started by the panic
 * of a small guest, whose dump goes to a stand-in for the target.
 *
 *     prepare  on the machine: everything that the guest takes goes into a folder (prepare.h)
 *     run      there or elsewhere, in QEMU: one boot that panics, one that looks at the dump (run.h)
 *     inside   what the guest does in both boots (inside.h)
 *
 * The folder holds rehearsal.json (this structure), and the first kernel and its initramfs, in which the rest is.
 */
#ifndef KD_REHEARSE_REHEARSAL_H
#define KD_REHEARSE_REHEARSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "advise/doctor.h"
#include "base/err.h"
#include "config/config.h"
#include "load/load.h"

#define KD_REHEARSAL_FILE "rehearsal.json"
#define KD_REHEARSAL_KERNEL                                                                        \
	"kernel" /* of the first boot, in the folder; of the second, in the guest */
#define KD_REHEARSAL_INITRD "initrd"
/* Where the guest finds what is its own. */
#define KD_REHEARSAL_INSIDE "/rehearsal"
#define KD_REHEARSAL_READER KD_REHEARSAL_INSIDE "/kdump"   /* which reads dumps */
#define KD_REHEARSAL_LIST   KD_REHEARSAL_INSIDE "/modules" /* in load order, one path a line */

/*
 * What both kernels of the guest get beside their own parameters: what they say goes to the first serial port; and on a
 * busy machine an emulated timer may be so late that the kernel's check of it (check_timer(), arch/x86/kernel/apic/io_apic.c)
 * fails, which panics.
 */
#define KD_REHEARSAL_PARAMETERS "console=ttyS0,115200 no_timer_check"

enum { KD_REHEARSAL_NOTES = 16, KD_REHEARSAL_TEXT = 768 };

struct kd_rehearsal {
	char release[65];
	char program[256];          /* kdump-machine, in the guest */
	char *command_line;         /* of the second kernel, as it is loaded */
	enum kd_load_method method; /* FILE or SEGMENTS */
	bool backup;
	uint64_t reserved_bytes;
	char device
		[256]; /* how the second kernel finds the target: "UUID=…", "PARTUUID=…" of a raw one */
	enum kd_target_type type;
	char volume[256];    /* "GROUP/VOLUME" of LVM, or "" */
	char subvolume[256]; /* of btrfs that is mounted: "/@crash"; or "" */
	char path[256];
	uint64_t free_bytes; /* of the target; for the dump, of a raw one */
	bool read_only;      /* the target's device */
	char controller[32]; /* the driver whose controller the stand-in is on */
	/* What is known to be wrong without any rehearsal, and what none can show; sentences. */
	char known[KD_REHEARSAL_NOTES][KD_REHEARSAL_TEXT];
	size_t known_count;
	char unproven[KD_REHEARSAL_NOTES][KD_REHEARSAL_TEXT];
	size_t unproven_count;
};

void kd_rehearsal_deinit(struct kd_rehearsal *rehearsal);

/* Reads and writes FOLDER/rehearsal.json. KD_NOTFOUND, KD_CORRUPT (with the key), KD_SYSTEM, KD_NOMEM. */
enum kd_status kd_rehearsal_read(const char *folder, struct kd_rehearsal *rehearsal,
				 struct kd_err *err);
enum kd_status kd_rehearsal_write(const char *folder, const struct kd_rehearsal *rehearsal,
				  struct kd_err *err);
/* The same as text, the caller's to free; NULL without memory. */
char *kd_rehearsal_format(const struct kd_rehearsal *rehearsal);

/* The PARTUUID of a raw target, as far as a partition with it can be made; else NULL. */
const char *kd_rehearsal_partition(const struct kd_rehearsal *rehearsal);

/* Adds a sentence to a list, cut where it is too long; what does not fit any more is dropped. */
void kd_rehearsal_note(char notes[KD_REHEARSAL_NOTES][KD_REHEARSAL_TEXT], size_t *count,
		       const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
