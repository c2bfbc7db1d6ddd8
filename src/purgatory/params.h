/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the loader tells the purgatory. The block lies in the purgatory's image at the offset that its
 * header names; the loader fills it in before it hands the image to the kernel.
 *
 * Both sides are built from this file in one build, so that there is no version to agree on; the
 * magic numbers only catch a block that was never filled in or was overwritten.
 */
#ifndef KD_PURGATORY_PARAMS_H
#define KD_PURGATORY_PARAMS_H

#include <stdint.h>

#define KD_PURGATORY_MAGIC  UINT64_C(0x726f7467727564cb) /* in the header of the image */
#define KD_PURGATORY_FILLED UINT64_C(0x64656c6c6966a7eb) /* in a block that was filled in */

enum {
	KD_PURGATORY_SEGMENTS = 16, /* KEXEC_SEGMENT_MAX, include/linux/kexec.h */
	KD_PURGATORY_NAME_BYTES = 24,
	KD_PURGATORY_DIGEST_BYTES = 32,
};

/* At offset 0 of the image. */
struct kd_purgatory_header {
	uint8_t entry[8]; /* a jump: the image is entered at its first byte */
	uint64_t magic;   /* KD_PURGATORY_MAGIC */
	uint32_t params_offset;
	uint32_t memory_bytes; /* the image with its zeroed data and its stack */
};

/* How the registers of a UART are reached. */
enum kd_uart_kind { KD_UART_NONE, KD_UART_PORT, KD_UART_MEMORY, KD_UART_MEMORY32 };

struct kd_purgatory_uart {
	uint32_t kind;          /* enum kd_uart_kind */
	uint32_t register_step; /* bytes from one register to the next */
	uint64_t address;       /* of the first register: a port or a physical address */
};

struct kd_purgatory_segment {
	char name[KD_PURGATORY_NAME_BYTES]; /* NUL-terminated */
	uint64_t paddr;
	uint64_t bytes;                            /* 0: an unused entry */
	uint8_t digest[KD_PURGATORY_DIGEST_BYTES]; /* SHA-256 of them */
};

struct kd_purgatory_params {
	uint64_t filled;      /* KD_PURGATORY_FILLED */
	uint64_t entry;       /* physical address at which the second kernel is entered */
	uint64_t boot_params; /* physical address that it gets in %rsi */
	/* copied before the jump; backup_bytes is 0 when nothing is */
	uint64_t backup_source;
	uint64_t backup_destination;
	uint64_t backup_bytes;
	struct kd_purgatory_uart uart;
	struct kd_purgatory_segment segments[KD_PURGATORY_SEGMENTS];
};

#endif
