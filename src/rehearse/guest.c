/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/guest.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/image.h"
#include "host/paths.h"
#include "rehearse/controllers.h"
#include "rehearse/child.h"

enum {
	GUEST_MIB = 640, /* beside the reservation */
	GUEST_MIB_LEAST = 1024,
	MIB = 1 << 20,
};

static void add_disk(struct kd_child *child, const struct kd_rehearse_run *run,
		     const struct kd_rehearsal *rehearsal)
{
	const struct kd_controller *controller = kd_controller_find(rehearsal->controller);

	controller = controller ? controller : &kd_controller_virtio;
	kd_child_add(child, "-drive");
	kd_child_add(child, "if=none,id=target,format=raw,cache=unsafe,file=%s/%s%s", run->work,
		     KD_REHEARSAL_DISK, rehearsal->read_only ? ",readonly=on" : "");
	if (controller->bus) {
		kd_child_add(child, "-device");
		kd_child_add(child, "%s", controller->bus);
	}
	kd_child_add(child, "-device");
	kd_child_add(child, "%s,drive=target", controller->disk);
}

static void add_port(struct kd_child *child, const struct kd_rehearse_run *run, const char *role,
		     const char *what)
{
	kd_child_add(child, "-serial");
	kd_child_add(child, "file:%s/%s.%s", run->work, role, what);
}

enum kd_status kd_rehearse_boot(const struct kd_rehearse_run *run,
				const struct kd_rehearsal *rehearsal, const char *role, bool *over,
				struct kd_err *err)
{
	uint64_t reserved_mib = (rehearsal->reserved_bytes + MIB - 1) / MIB;
	uint64_t guest_mib = reserved_mib + GUEST_MIB;
	bool native = !run->emulate && !access("/dev/kvm", R_OK | W_OK);
	struct kd_child child = {.count = 0};
	char said[PATH_MAX];
	enum kd_status status;

	kd_child_add(&child, "qemu-system-x86_64");
	kd_child_add_words(
		&child, "-nodefaults -no-user-config -display none -no-reboot -machine pc -smp 2",
		"");
	/* what QEMU 7.2 emulates of cmpxchg16b kills kernels from 6.12 on */
	kd_child_add_words(
		&child,
		native ? "-accel kvm -cpu host" : "-accel tcg,thread=multi -cpu max,cx16=off", "");
	kd_child_add(&child, "-m");
	kd_child_add(
		&child, "%lluM",
		(unsigned long long)(guest_mib > GUEST_MIB_LEAST ? guest_mib : GUEST_MIB_LEAST));
	add_port(&child, run, role, "console");
	add_port(&child, run, role, "answers");
	add_disk(&child, run, rehearsal);
	kd_child_add(&child, "-kernel");
	kd_child_add(&child, "%s/%s", run->folder, KD_REHEARSAL_KERNEL);
	kd_child_add(&child, "-initrd");
	kd_child_add(&child, "%s/%s", run->folder, KD_REHEARSAL_INITRD);
	kd_child_add(&child, "-append");
	kd_child_add(&child,
		     KD_REHEARSAL_PARAMETERS
		     " crashkernel=%lluM panic=1 rdinit=%s LD_LIBRARY_PATH=" KD_LIBRARY_FOLDER
		     " -- rehearse --inside %s",
		     (unsigned long long)reserved_mib, rehearsal->program, role);
	status = kd_child_run(&child, kd_path(said, run->work, "%s.qemu", role), run->time_limit_s,
			      "qemu-system-x86", over, err);
	kd_child_deinit(&child);
	return status;
}
