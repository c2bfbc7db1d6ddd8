/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial console of the running kernel, for the purgatory to say its one sentence on. */
#ifndef KD_LOAD_UART_H
#define KD_LOAD_UART_H

#include "host/paths.h"
#include "purgatory/params.h"

/* The first ttyS of /proc/consoles, as its driver describes it; KD_UART_NONE when there is none. */
void kd_uart_find(const struct kd_paths *paths, struct kd_purgatory_uart *uart);

#endif
