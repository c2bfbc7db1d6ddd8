# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Debian guest: systemd, GRUB, Debian's own kernel and initramfs, and kdump's package in reach.

    with DebianMachine(work) as machine:
        machine.boot()
        machine.install()
        machine.set_up()            # kdump setup, a reboot, and kdump doctor has nothing to say
        folder = machine.crash()    # a panic; returns when the machine is up again

Its disk is an overlay of an image that is made once: lab/debian_disk.py.
"""

import json
import shutil
import time

from . import image, kernels, package
from .debian_disk import root_disk, secure_boot_disk
from .guest import Guest, send
from .machine import IN_BYTES, OUT_BYTES, Machine
from .qemu import OVMF_SECURE_VARIABLES, SECURE_MACHINE, Qemu

# Where the package lies in the guest.
PACKAGE = "/opt/lab/kdump.deb"


class DebianMachine(Machine):
    """
    kind         one of debian_disk.KINDS: kernel and root file system
    secure_boot  through shim and GRUB as Debian signed them; the kernel is locked down
    efi          True: boot through OVMF, from a disk that it can boot
    disks        more disks, as for a Machine; dumps go where kdump puts them by itself
    """

    # All of the kernels that are booted here must survive the CPU: see kernels.CPU_SUFFIX.
    def __init__(self, work, *, kind="cloud", secure_boot=False, cpus="2", memory="1G", cpu="max,cx16=off", efi=False,
                 files=None, disks=()):
        self.deb = package.build()
        super().__init__(kernels.get("6.1-cloud"), work, cpu=cpu, cpus=cpus, memory=memory, efi=efi,
                         files={PACKAGE: self.deb, **(files or {})}, disks=disks)
        self.kind = kind
        self.secure_boot = secure_boot
        if secure_boot:
            nvram = self.work / "nvram.img"
            shutil.copyfile(OVMF_SECURE_VARIABLES, nvram)
            self.options.update(machine=SECURE_MACHINE, efi=nvram)

    def boot(self, timeout=300):
        disk_in = image.sparse_file(self.images.folder / "in.tar", IN_BYTES)
        disk_out = image.sparse_file(self.images.folder / "out.tar", OUT_BYTES)
        send(disk_in, self.files)
        root = image.overlay(root_disk(self.deb, self.kind), self.images.folder / "root.qcow2")
        disks = [("root", root, "qcow2")]
        if self.secure_boot:
            disks.append(("esp", secure_boot_disk(), "raw,readonly=on"))
        disks += [*self.disks, ("in", disk_in, "raw"), ("out", disk_out, "raw")]
        self.qemu = Qemu(self.work, self.console, disks=disks, **self.options)
        self.guest = Guest(self.qemu, disk_in, disk_out)
        self.wait_boot(timeout)
        return self

    def wait_boot(self, timeout=300):
        """Waits until systemd has started all that a boot starts."""
        self.guest.wait_ready(timeout)
        self.guest.run("systemctl is-system-running --wait", timeout, check=False)

    def reboot(self):
        """The guest's own orderly reboot; returns when it is up again."""
        self.qmp.events.clear()
        self.guest.send("sync; systemctl reboot\n")
        self.wait_reset()
        self.wait_boot()

    def install(self):
        """Installs kdump's package; what apt said."""
        return self.guest.output(f"apt-get install -y {PACKAGE}", timeout=600)

    def set_up(self):
        """What an administrator does; returns the doctor's findings, none of which is a problem."""
        self.guest.run("kdump setup", timeout=300)
        self.reboot()
        self.wait_loaded()
        doctor = json.loads(self.guest.run("kdump doctor --json", timeout=240, check=False).output)
        assert doctor["problems"] == 0, doctor
        return doctor

    def status(self):
        return json.loads(self.guest.run("kdump status --json", timeout=120, check=False).output)

    def wait_loaded(self, *, since=-1, limit=240):
        """Waits until what is loaded is up to date, by a load after that time; the record of it."""
        deadline = time.monotonic() + limit
        while True:
            status = self.status()
            if status["verdict"] == "ready" and status["record"]["time"] > since:
                return status["record"]
            assert time.monotonic() < deadline, (status, self.guest.output("journalctl -b -u 'kdump*' --no-pager"))
            time.sleep(1)

    def failed_units(self):
        return self.guest.output("systemctl --failed --plain --no-legend")

    def crashes(self):
        # the package makes the folder, and else the first crash does
        return set(self.guest.output("ls /var/crash 2>/dev/null || true").split())

    def crash(self):
        """Panics, and waits until the machine is up again; the path of the new crash folder."""
        before = self.crashes()
        self.panic(cpu=0)
        self.wait_reset(300)
        self.wait_boot()
        (name,) = self.crashes() - before
        return f"/var/crash/{name}"
