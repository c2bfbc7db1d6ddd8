/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up machine below a temporary folder, for tests of what a load remembers and decides. */
#ifndef KD_TESTS_UNIT_LOAD_MACHINE_H
#define KD_TESTS_UNIT_LOAD_MACHINE_H

#include <assert.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/paths.h"

struct machine {
	char root[64];
	char proc[PATH_MAX], sys[PATH_MAX], boot[PATH_MAX], state[PATH_MAX], config[PATH_MAX];
	struct kd_paths paths;
};

/* Writes ROOT/NAME, making its folders. */
static inline void machine_put(const struct machine *machine, const char *name, const char *text)
{
	char path[PATH_MAX], folder[PATH_MAX];
	FILE *file;

	kd_path(path, machine->root, "%s", name);
	strcpy(folder, path);
	*strrchr(folder, '/') = '\0';
	assert(!kd_make_folders(folder, 0755, NULL));
	file = fopen(path, "w");
	assert(file && fputs(text, file) >= 0 && !fclose(file));
}

static inline void machine_drop(const struct machine *machine, const char *name)
{
	char path[PATH_MAX];

	assert(!unlink(kd_path(path, machine->root, "%s", name)));
}

static const char machine_iomem[] = "00001000-0009fbff : System RAM\n"
				    "00100000-3fffffff : System RAM\n"
				    "  01000000-01dfffff : Kernel code\n"
				    "  2d000000-34ffffff : Crash kernel\n"
				    "fec00000-fec003ff : IOAPIC 0\n";

/* Up, with a reservation of 128 MiB; nothing loaded. */
static inline void machine_make(struct machine *machine)
{
	strcpy(machine->root, "/tmp/kdump-machine-XXXXXX");
	assert(mkdtemp(machine->root));
	machine->paths = (struct kd_paths){
		.proc = kd_path(machine->proc, machine->root, "proc"),
		.sys = kd_path(machine->sys, machine->root, "sys"),
		.boot = kd_path(machine->boot, machine->root, "boot"),
		.modules = "/nonexistent",
		.state = kd_path(machine->state, machine->root, "var/lib/kdump"),
		.config = kd_path(machine->config, machine->root, "etc/kdump.conf"),
	};
	machine_put(machine, "proc/sys/kernel/osrelease", "6.1.0-99-test\n");
	machine_put(machine, "proc/sys/kernel/random/boot_id",
		    "11111111-2222-3333-4444-555555555555\n");
	machine_put(machine, "proc/iomem", machine_iomem);
	machine_put(machine, "proc/cmdline", "root=/dev/vda1 crashkernel=128M\n");
	machine_put(machine, "sys/kernel/kexec_crash_size", "134217728\n");
	machine_put(machine, "sys/kernel/kexec_crash_loaded", "0\n");
	machine_put(machine, "sys/devices/system/cpu/present", "0-3\n");
	machine_put(machine, "boot/vmlinuz-6.1.0-99-test", "a kernel");
	machine_put(machine, "var/lib/kdump/initrd-6.1.0-99-test", "an initramfs");
	machine_put(machine, "etc/kdump.conf", "[target]\ndevice = /dev/vda1\n");
}

static inline int machine_unlink(const char *path, const struct stat *info, int type,
				 struct FTW *place)
{
	return remove(path);
}

static inline void machine_destroy(struct machine *machine)
{
	nftw(machine->root, machine_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
