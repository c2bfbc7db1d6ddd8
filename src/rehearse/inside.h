/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What PID 1 of the guest's first kernel does. Its answers go to the second serial port, a line of JSON each:
 *
 *     {"loaded": true} or {"loaded": false, "why": "…"}                  of the boot that panics
 *     {"crashes": [… as kdump list --json …], "verified": true, "why": ""}    of the one that looks at the dump
 */
#ifndef KD_REHEARSE_INSIDE_H
#define KD_REHEARSE_INSIDE_H

#define KD_REHEARSAL_CHANNEL "/dev/ttyS1"

/* Loads what is to be rehearsed, and panics. Powers off where that fails; does not return. */
_Noreturn void kd_rehearse_panic(void);
/* Looks for the dump on the stand-in, by means of `program` (this kdump), and powers off. */
_Noreturn void kd_rehearse_look(void);

#endif
