/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The work of the purgatory, apart from the machine it runs on, so that a test can run it hosted.
 */
#ifndef KD_PURGATORY_PURGATORY_H
#define KD_PURGATORY_PURGATORY_H

#include <stdbool.h>
#include <stdint.h>

#include "params.h"

/*
 * The machine: machine.c, or a test. Functions rather than a table of pointers to them, which would
 * need relocations.
 */
void *kd_machine_memory(uint64_t paddr);
uint8_t kd_machine_read(const struct kd_purgatory_uart *uart, uint64_t address);
void kd_machine_write(const struct kd_purgatory_uart *uart, uint64_t address, uint8_t value);

/* True when every segment is what was loaded; else says on the UART which is not. */
bool kd_purgatory_verify(const struct kd_purgatory_params *params);

/* Copies the first 640 KiB (or what else params names) into the backup. */
void kd_purgatory_back_up(const struct kd_purgatory_params *params);

#endif
