# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole machine: a guest with its disks, from its boot to its crash and to what is left of it.

    with Machine(kernels.get("6.1-cloud"), work, target="ext4", files=program.kdump()) as machine:
        machine.boot()
        machine.guest.run("kdump load")
        machine.panic(cpu=1)
        machine.wait_second_kernel()
        machine.wait_reset()
        folder = machine.crash_folder()
"""

import shutil
from pathlib import Path

from . import image, raw
from .guest import Guest, send
from .image import make_target
from .qemu import OVMF_VARIABLES, Console, Qemu

IN_BYTES, OUT_BYTES = 2 << 30, 16 << 30


class Machine:
    """
    cpu          QEMU's model: "max" (5-level page tables) or "qemu64" (4-level)
    cpus         how many
    memory       as QEMU spells it: "1G"
    crashkernel  the reservation, None for none
    target       None, or one of image.TARGET_TYPES: a second disk, mounted nowhere, for the dump
    efi          True: boot through OVMF; "nvram": with EFI variables that outlive a reset
    append       more for the first kernel's command line
    files        {path in the guest: bytes, text or Path here}, there on every boot
    disks        more disks: [(name in /dev/lab, path here, "raw" or "raw,readonly=on")]
    """

    def __init__(self, kernel, work, *, cpu="max", cpus=2, memory="1G", crashkernel="128M", target=None,
                 efi=False, append="", files=None, disks=()):
        self.kernel = kernel
        self.work = Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.images = image.Images(self.work)
        if efi == "nvram":
            efi = self.work / "nvram.img"
            shutil.copyfile(OVMF_VARIABLES, efi)
        self.options = {"cpu": kernel.cpu(cpu), "cpus": cpus, "memory": memory, "efi": efi}
        # a busy machine emulates a timer too late for the kernel's check of it, which panics
        words = ["console=ttyS0,115200", "no_timer_check", "panic=5", f"crashkernel={crashkernel}" if crashkernel else "", append]
        self.command_line = " ".join(word for word in words if word)
        self.target = make_target(self.images.folder, target) if target else None
        self.files = dict(files or {})
        self.disks = list(disks)
        if self.target:
            self.files.setdefault("/etc/kdump.conf", self.target.config())
        self.console = Console(self.work / "console.log")
        self.qemu = None
        self.guest = None
        self.crashed_at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.guest:
            self.guest.close()
        if self.qemu:
            self.qemu.close()
        self.guest = self.qemu = None

    def discard(self):
        """Deletes the disks and dumps, which are large; logs and reports stay for whoever wants to know."""
        self.images.discard()
        for dump in self.work.glob("**/vmcore*"):
            dump.unlink()

    def boot(self, timeout=120):
        """Starts the guest and waits for its shell."""
        disk_in = image.sparse_file(self.images.folder / "in.tar", IN_BYTES)
        disk_out = image.sparse_file(self.images.folder / "out.tar", OUT_BYTES)
        send(disk_in, self.files)
        root = image.overlay(image.root_disk(self.kernel), self.images.folder / "root.qcow2")
        disks = [("root", root, "qcow2")]
        if self.target:
            disks.append(("target", self.target.path, "raw"))
        disks += self.disks
        disks += [("in", disk_in, "raw"), ("out", disk_out, "raw")]
        self.qemu = Qemu(self.work, self.console, kernel=self.kernel.image, initrd=image.first_initramfs(self.kernel),
                         append=self.command_line, disks=disks, **self.options)
        self.guest = Guest(self.qemu, disk_in, disk_out)
        self.guest.wait_ready(timeout)
        return self

    @property
    def qmp(self):
        return self.qemu.qmp

    def hotplug_cpu(self):
        """Adds the first CPU that -smp maxcpus= has left room for.

        Debian's 6.12 does not take it: for that it would have to know the hypervisor, and TCG is none for it
        (acpi_is_processor_usable() since adbf61cc47cb).
        """
        free = [each for each in self.qmp.execute("query-hotpluggable-cpus") if "qom-path" not in each]
        self.qmp.execute("device_add", driver=free[-1]["type"], id=f"more-cpu{len(free)}",
                         **{name.replace("-", "_"): value for name, value in free[-1]["props"].items()})

    def hotplug_memory(self, size="256M"):
        """A memory module, for which -m slots= has left room."""
        number = len(self.qmp.execute("query-memory-devices"))
        self.qmp.monitor(f"object_add memory-backend-ram,id=more{number},size={size}")
        self.qmp.monitor(f"device_add pc-dimm,id=dimm{number},memdev=more{number}")

    def bring_online(self, cpu):
        """Has the guest use all memory, and a CPU that was added."""
        self.guest.run(f"sleep 1; echo 1 >/sys/devices/system/cpu/cpu{cpu}/online; for each in /sys/devices/system/memory/memory*/state; "
                       f"do grep -q offline $each && echo online >$each; done; grep -q 1 /sys/devices/system/cpu/cpu{cpu}/online")

    def panic(self, cpu=None, before="true"):
        """Crashes the guest by sysrq, on that CPU, right after the shell command `before`; does not wait."""
        self.qmp.events.clear()
        self.crashed_at = self.console.position()
        on_cpu = "" if cpu is None else f"taskset -c {cpu} "
        self.guest.send(f"sync; {before}; {on_cpu}sh -c 'echo c >/proc/sysrq-trigger'\n")
        self.qemu.wait_console("sysrq: Trigger a crash", 60, self.crashed_at)

    def crash_console(self):
        """What came on the console since panic()."""
        return self.console.text(self.crashed_at)

    def wait_second_kernel(self, timeout=60):
        """Waits for the second kernel's first words; needs console=ttyS0 on its command line."""
        self.qemu.wait("the second kernel to start", lambda: "elfcorehdr=" in self.crash_console(), timeout)

    def wait_reset(self, timeout=180):
        """Waits until the machine resets; says how ("guest-reset", "guest-shutdown"…)."""
        waited = 0
        while waited < timeout:
            try:
                event = self.qmp.wait_event(("RESET", "SHUTDOWN"), 2)
            except EOFError:
                event = None
            if event:
                return event["data"]["reason"]
            if self.qemu.process.poll() is not None:
                break
            waited += 2
        raise self.qemu.fail(f"waited {waited} s for the machine to reset")

    def end_at_reset(self):
        """From now on a reset ends QEMU: what is on the disks then is all that there will be."""
        self.qmp.execute("set-action", reboot="shutdown", shutdown="poweroff")

    def wait_boot(self, timeout=120):
        """Waits for the shell of the kernel that a reset started."""
        self.guest.wait_ready(timeout)

    def crash_folder(self, inside="/var/crash", destination=None):
        """Copies the crash folders out of the target, to work/crash or another place, and gives the newest.

        An ext4 target and a raw one are read from outside. The others are read by the guest itself, for which it
        must have booted again: this waits for that.
        """
        destination = destination or self.work / "crash"
        if self.target.type == "raw":
            return raw.extract(self.target.path, destination / "raw")
        if self.target.type == "ext4":
            self.target.extract(inside, destination)
        else:
            self.wait_boot()
            self.guest.run(f"modprobe -q {self.target.type}; mkdir -p /mnt/target && "
                           "mount -o ro /dev/lab/target /mnt/target")
            self.guest.get([f"/mnt/target{inside}"], self.work / "got")
            (self.work / "got/mnt/target" / inside.lstrip("/")).rename(destination)
            self.guest.run("umount /mnt/target")
        folders = sorted(path for path in destination.iterdir() if path.is_dir())
        if not folders:
            raise self.qemu.fail(f"no crash folder in {inside} of the {self.target.type} target")
        return folders[-1]
