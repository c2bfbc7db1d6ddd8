/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a dump: opened, read, and asked for all that a kernel in it would tell. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "kernel/panic.h"
#include "kernel/registers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(struct kd_dump *dump)
{
	struct kd_cpu_registers registers;
	struct kd_kernel *kernel;
	struct kd_panic panic;
	uint8_t bytes[64];
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(dump, &count);

	for (size_t i = 0; i < count; i++)
		kd_dump_read(dump, segments[i].paddr, bytes, sizeof(bytes), NULL);
	for (unsigned int cpu = kd_registers_count(dump); cpu--;)
		if (!kd_registers_get(dump, cpu, &registers, NULL))
			kd_register_value(&registers, registers.arch->stack_pointer);
	if (kd_kernel_open(dump, &kernel, NULL))
		return;
	kd_panic_find(kernel, &panic, NULL);
	kd_kernel_close(kernel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("core", MFD_CLOEXEC);
	struct kd_dump *dump;
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!kd_dump_open(path, NULL, &dump, NULL)) {
		look(dump);
		kd_dump_close(dump);
	}
	close(fd);
	return 0;
}
