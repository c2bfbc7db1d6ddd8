# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Debian guest: systemd, GRUB, ext4, Debian's own kernel and initramfs, and kdump's package in reach.

    with DebianMachine(work) as machine:
        machine.boot()
        machine.guest.run(f"apt-get install -y {debian.PACKAGE}", timeout=300)
        machine.reboot()

One disk image is made by mmdebstrap into the cache; guests write to overlays of it. No loop device and nothing
mounted: mke2fs fills the file system from a folder (under fakeroot, so that owners are right without
root), and the partition table and GRUB's first stages are put before it byte by byte. From then on GRUB boots
the guest from this disk as it would on a machine, with the command line that the guest's own update-grub wrote.
"""

import hashlib
import os
import re
import struct
import subprocess
import uuid
from pathlib import Path

from . import LabError, cache, image, kernels, package
from .archive import SUITE, Archive
from .guest import Guest, send
from .machine import IN_BYTES, OUT_BYTES
from .machine import Machine
from .qemu import Qemu

FILES = image.GUEST_FILES / "debian"
# Where the package lies in the guest.
PACKAGE = "/opt/lab/kdump.deb"
INCLUDE = ("systemd-sysv", "udev", "dbus", "initramfs-tools", "linux-image-cloud-amd64", "grub-pc", "kmod", "zstd",
           "e2fsprogs", "procps", "util-linux-extra")
DISK_BYTES, SECTOR = 6 << 30, 512
FIRST_SECTOR = 2048  # of the only partition: what is before it is GRUB's


def _run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise LabError(f"{command[0]}: {done.stderr.strip()[-3000:] or done.stdout.strip()[-3000:]}")


def _write_boot_sectors(disk, boot_image, core_image):
    """GRUB before a partition table with one Linux partition.

    boot.img loads the sector that it names (by default 1, the first of core.img), and that one loads the rest
    of core.img from the sectors that follow (by default from 2 on): grub-core/boot/i386/pc/boot.S, diskboot.S.
    """
    core = core_image.read_bytes()
    if SECTOR + len(core) > FIRST_SECTOR * SECTOR:
        raise LabError(f"{core_image}: {len(core)} bytes do not fit before the partition")
    # Without cylinders, heads and sectors: status, 3 bytes, type, 3 bytes, first sector, count.
    partition = struct.pack("<B3xB3xII", 0x80, 0x83, FIRST_SECTOR, DISK_BYTES // SECTOR - FIRST_SECTOR)
    sector = boot_image.read_bytes()[:440] + b"LAB\0\0\0" + partition + bytes(48) + b"\x55\xaa"
    disk.write(sector + core)


def _dependencies(deb):
    """The names that the package depends on, so that they are there when it is installed without a network."""
    depends = subprocess.run(["dpkg-deb", "-f", deb, "Depends"], capture_output=True, text=True, check=True).stdout
    return sorted(re.match(r"[a-z0-9+.-]+", word.strip())[0] for word in depends.split(",") if word.strip())


def _build_disk(packages):
    def build(path):
        cache.say("building the Debian guest")
        work = path.parent
        identity = str(uuid.uuid4())
        archive = Archive()
        archive.refresh()
        _run("mmdebstrap", "--variant=minbase", "--format=tar", f"--include={','.join(packages)}",
             f"--essential-hook={FILES / 'before-packages'} \"$1\"", f"--customize-hook={FILES / 'after-packages'} \"$1\"",
             SUITE, work / "root.tar", archive.root / "sources.list",
             env={**os.environ, "LAB_UUID": identity, "LAB_FILES": str(FILES)})
        (work / "root").mkdir()
        image.sparse_file(work / "root.img", DISK_BYTES - FIRST_SECTOR * SECTOR)
        _run("fakeroot", "sh", "-ec", 'tar -xpf root.tar -C root; /sbin/mke2fs -q -t ext4 -L root -U "$1" -d root root.img',
             "sh", identity, cwd=work)
        grub = work / "root/boot/grub/i386-pc"
        with open(path, "wb") as disk:
            _write_boot_sectors(disk, grub / "boot.img", grub / "core.img")
        _run("dd", f"if={work / 'root.img'}", f"of={path}", "bs=1M", "seek=1", "conv=sparse,notrunc", "status=none")
        os.truncate(path, DISK_BYTES)
    return build


def root_disk(deb):
    """The guest's disk, to be written to through an overlay only."""
    packages = [*INCLUDE, *_dependencies(deb)]
    recipe = b"".join(file.read_bytes() for file in sorted(FILES.iterdir())) + Path(__file__).read_bytes()
    digest = hashlib.sha256(recipe + repr(packages).encode()).hexdigest()[:12]
    return cache.make(cache.folder() / "debian" / f"root-{digest}.img", _build_disk(packages))


class DebianMachine(Machine):
    """A Machine without a disk for dumps: they go where kdump puts them by itself."""

    # All of the kernels that are booted here must survive the CPU: see kernels.CPU_SUFFIX.
    def __init__(self, work, *, cpus="2", memory="1G", cpu="max,cx16=off", files=None):
        self.deb = package.build()
        super().__init__(kernels.get("6.1-cloud"), work, cpu=cpu, cpus=cpus, memory=memory,
                         files={PACKAGE: self.deb, **(files or {})})

    def boot(self, timeout=180):
        disk_in = image.sparse_file(self.work / "in.tar", IN_BYTES)
        disk_out = image.sparse_file(self.work / "out.tar", OUT_BYTES)
        send(disk_in, self.files)
        root = image.overlay(root_disk(self.deb), self.work / "root.qcow2")
        self.qemu = Qemu(self.work, self.console, disks=[
            ("root", root, "qcow2"), ("in", disk_in, "raw"), ("out", disk_out, "raw")], **self.options)
        self.guest = Guest(self.qemu, disk_in, disk_out)
        self.wait_boot(timeout)
        return self

    def wait_boot(self, timeout=180):
        """Waits until systemd has started all that a boot starts."""
        self.guest.wait_ready(timeout)
        self.guest.run("systemctl is-system-running --wait", timeout, check=False)

    def hotplug_cpu(self):
        """Adds the first CPU that -smp maxcpus= has left room for."""
        free = [each for each in self.qmp.execute("query-hotpluggable-cpus") if "qom-path" not in each]
        self.qmp.execute("device_add", driver=free[-1]["type"], id="more-cpu",
                         **{name.replace("-", "_"): value for name, value in free[-1]["props"].items()})

    def hotplug_memory(self, size="256M"):
        """A memory module, for which -m slots= has left room."""
        self.qmp.monitor(f"object_add memory-backend-ram,id=more,size={size}")
        self.qmp.monitor("device_add pc-dimm,id=dimm,memdev=more")

    def reboot(self):
        """The guest's own orderly reboot; returns when it is up again."""
        self.qmp.events.clear()
        self.guest.send("sync; systemctl reboot\n")
        self.wait_reset()
        self.wait_boot()
