/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/uart.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"

/* include/linux/serial_core.h: the values of io_type that a purgatory can handle. */
enum { UPIO_PORT = 0, UPIO_MEM = 2, UPIO_MEM32 = 3 };

/* A number in SYS/class/tty/NAME/FILE, however it is written; 0 when there is none. */
static uint64_t read_number(const struct kd_paths *paths, const char *tty, const char *file)
{
	char path[PATH_MAX];
	uint64_t value = 0;

	if (kd_file_read_number(kd_path(path, paths->sys, "class/tty/%s/%s", tty, file), 0, &value,
				NULL))
		return 0;
	return value;
}

static void describe(const struct kd_paths *paths, const char *tty, struct kd_purgatory_uart *uart)
{
	uint64_t type = read_number(paths, tty, "io_type");
	uint64_t port = read_number(paths, tty, "port");
	uint64_t memory = read_number(paths, tty, "iomem_base");
	uint32_t step = 1u << (read_number(paths, tty, "iomem_reg_shift") & 7);

	if (type == UPIO_PORT && port)
		*uart = (struct kd_purgatory_uart){KD_UART_PORT, 1, port};
	else if (type == UPIO_MEM && memory)
		*uart = (struct kd_purgatory_uart){KD_UART_MEMORY, step, memory};
	else if (type == UPIO_MEM32 && memory)
		*uart = (struct kd_purgatory_uart){KD_UART_MEMORY32, step, memory};
}

void kd_uart_find(const struct kd_paths *paths, struct kd_purgatory_uart *uart)
{
	KD_CLEANUP_FREE char *consoles = NULL;
	char path[PATH_MAX], *rest, *line;
	size_t bytes;

	*uart = (struct kd_purgatory_uart){.kind = KD_UART_NONE};
	if (kd_file_read(kd_path(path, paths->proc, "consoles"), 65536, &consoles, &bytes, NULL))
		return;
	for (line = strtok_r(consoles, "\n", &rest); line && uart->kind == KD_UART_NONE;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *end = line + strcspn(line, " \t");

		*end = '\0';
		if (!strncmp(line, "ttyS", 4))
			describe(paths, line, uart);
	}
}
