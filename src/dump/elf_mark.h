/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mark of an ELF core that is not whole: in the last byte of e_ident, which is padding that readers ignore (System V
 * gABI, chapter 4). ELF has no field for it; the kdump-compressed format has a bit in its header (dump/kdump_file.h).
 */
#ifndef KD_DUMP_ELF_MARK_H
#define KD_DUMP_ELF_MARK_H

#include <elf.h>

enum { KD_ELF_MARK = EI_NIDENT - 1, KD_ELF_INCOMPLETE = 'i' };

#endif
