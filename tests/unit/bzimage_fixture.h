/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The setup header of a made-up bzImage: one setup sector, and otherwise a good modern kernel. */
#ifndef KD_TESTS_UNIT_BZIMAGE_FIXTURE_H
#define KD_TESTS_UNIT_BZIMAGE_FIXTURE_H

#include <asm/bootparam.h>
#include <stddef.h>

enum { BZIMAGE_HEADER_AT = 0x1f1, BZIMAGE_SETUP_BYTES = 1024 };

static inline struct setup_header bzimage_header(size_t file_bytes)
{
	return (struct setup_header){
		.setup_sects = 1,
		.syssize = (__u32)((file_bytes - BZIMAGE_SETUP_BYTES) / 16),
		.boot_flag = 0xaa55,
		.jump = 0x66eb,
		.header = 0x53726448,
		.version = 0x020f,
		.loadflags = LOADED_HIGH,
		.relocatable_kernel = 1,
		.kernel_alignment = 0x200000,
		.xloadflags = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G | XLF_5LEVEL,
		.cmdline_size = 2047,
		.init_size = 4 << 20,
		.pref_address = 0x1000000,
	};
}

#endif
