# SPDX-License-Identifier: GPL-2.0-or-later
"""The disk images of Debian guests, made into the cache once; guests write to overlays of them.

mmdebstrap makes a tree. No loop device and nothing mounted: mke2fs fills the file system from it (under fakeroot,
so that owners are right without root), and the partition table, GRUB's first stages and what LVM has before a logical
volume are put before it byte by byte. From then on GRUB boots the guest from this disk as it would on a machine, with
the command line that the guest's own update-grub wrote.

For Secure Boot the firmware boots from a second disk, with shim and GRUB as Debian signed them.
"""

import dataclasses
import hashlib
import os
import re
import struct
import subprocess
import uuid
from pathlib import Path

from . import LabError, cache, image, lvm
from .archive import SUITE, Archive

FILES = image.GUEST_FILES / "debian"
INCLUDE = ("systemd-sysv", "udev", "dbus", "initramfs-tools", "grub-pc", "kmod", "zstd", "e2fsprogs", "procps",
           "util-linux-extra")
DISK_BYTES, SECTOR = 6 << 30, 512
FIRST_SECTOR = 2048  # of the only partition: what is before it is GRUB's
PARTITION_BYTES = DISK_BYTES - FIRST_SECTOR * SECTOR


@dataclasses.dataclass(frozen=True)
class Kind:
    packages: tuple
    core: str = "core.img"  # GRUB's, of those that guest/debian/after-packages makes
    partition_type: int = 0x83
    head: bytes = b""  # what is between the start of the partition and its file system
    root_bytes: int = PARTITION_BYTES


REGULAR = ("linux-image-amd64", "lvm2", "btrfs-progs")
KINDS = {
    "cloud": Kind(("linux-image-cloud-amd64",)),
    "regular": Kind(REGULAR),
    "lvm": Kind(REGULAR, core="core-lvm.img", partition_type=0x8E, head=lvm.header("lab", "root", PARTITION_BYTES),
                root_bytes=lvm.extents(PARTITION_BYTES) * lvm.EXTENT_BYTES),
}


def _run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise LabError(f"{command[0]}: {done.stderr.strip()[-3000:] or done.stdout.strip()[-3000:]}")


def partition_table(kind=0x83, disk_bytes=DISK_BYTES, code=b""):
    """The first sector of a disk with one partition, whose PARTUUID is 0042414c-01."""
    # Without cylinders, heads and sectors: status, 3 bytes, type, 3 bytes, first sector, count.
    partition = struct.pack("<B3xB3xII", 0x80, kind, FIRST_SECTOR, disk_bytes // SECTOR - FIRST_SECTOR)
    return code[:440].ljust(440, b"\0") + b"LAB\0\0\0" + partition + bytes(48) + b"\x55\xaa"


def _boot_sectors(kind, folder):
    """GRUB before the partition.

    boot.img loads the sector that it names (by default 1, the first of core.img), and that one loads the rest
    of core.img from the sectors that follow (by default from 2 on): grub-core/boot/i386/pc/boot.S, diskboot.S.
    """
    core = (folder / kind.core).read_bytes()
    if SECTOR + len(core) > FIRST_SECTOR * SECTOR:
        raise LabError(f"{kind.core}: {len(core)} bytes do not fit before the partition")
    return partition_table(kind.partition_type, code=(folder / "boot.img").read_bytes()) + core


def _dependencies(deb):
    """The names that the package depends on, so that they are there when it is installed without a network."""
    depends = subprocess.run(["dpkg-deb", "-f", deb, "Depends"], capture_output=True, text=True, check=True).stdout
    return sorted(re.match(r"[a-z0-9+.-]+", word.strip())[0] for word in depends.split(",") if word.strip())


def _build(kind, packages):
    def build(path):
        cache.say("building a Debian guest")
        work = path.parent
        identity = str(uuid.uuid4())
        archive = Archive()
        archive.refresh()
        _run("mmdebstrap", "--variant=minbase", "--format=tar", f"--include={','.join(packages)}",
             f"--essential-hook={FILES / 'before-packages'} \"$1\"", f"--customize-hook={FILES / 'after-packages'} \"$1\"",
             SUITE, work / "root.tar", archive.root / "sources.list",
             env={**os.environ, "LAB_UUID": identity, "LAB_FILES": str(FILES)})
        (work / "root").mkdir()
        image.sparse_file(work / "root.img", kind.root_bytes)
        _run("fakeroot", "sh", "-ec", 'tar -xpf root.tar -C root; /sbin/mke2fs -q -t ext4 -L root -U "$1" -d root root.img',
             "sh", identity, cwd=work)
        with open(path, "wb") as disk:
            disk.write(_boot_sectors(kind, work / "root/boot/grub/i386-pc"))
            disk.seek(FIRST_SECTOR * SECTOR)
            disk.write(kind.head)
        start = FIRST_SECTOR * SECTOR + len(kind.head)
        _run("dd", f"if={work / 'root.img'}", f"of={path}", "bs=1M", f"seek={start >> 20}", "conv=sparse,notrunc",
             "status=none")
        os.truncate(path, DISK_BYTES)
    return build


def root_disk(deb, name="cloud"):
    """The disk of a guest of that kind for that package, to be written to through an overlay only."""
    kind = KINDS[name]
    packages = [*INCLUDE, *kind.packages, *_dependencies(deb)]
    recipe = b"".join(file.read_bytes() for file in sorted(FILES.iterdir())) + Path(__file__).read_bytes()
    digest = hashlib.sha256(recipe + repr((kind, packages)).encode()).hexdigest()[:12]
    return cache.make(cache.folder() / "debian" / f"{name}-{digest}.img", _build(kind, packages))


# Where the firmware looks, and what it is to find there, by its package: shim, and what shim starts.
SIGNED = {
    "BOOTX64.EFI": ("shim-signed", "usr/lib/shim/shimx64.efi.signed"),
    "grubx64.efi": ("grub-efi-amd64-signed", "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"),
}
# GRUB's own prefix is /EFI/debian.
GRUB_CFG = "search --no-floppy --label root --set=root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n"


def _build_boot_disk(path):
    work, archive = path.parent, Archive()
    image.sparse_file(path, 64 << 20)
    _run("mkfs.vfat", "-n", "ESP", path, env={**os.environ, "PATH": os.environ["PATH"] + ":/sbin:/usr/sbin"})
    (work / "grub.cfg").write_text(GRUB_CFG, encoding="ascii")
    _run("mmd", "-i", path, "::/EFI", "::/EFI/BOOT", "::/EFI/debian")
    _run("mcopy", "-i", path, work / "grub.cfg", "::/EFI/debian/grub.cfg")
    for name, (package, inside) in SIGNED.items():
        folder = work / package
        folder.mkdir()
        archive.download(package, archive.fields(package)["Version"], folder / "package.deb")
        _run("dpkg-deb", "-x", folder / "package.deb", folder)
        _run("mcopy", "-i", path, folder / inside, f"::/EFI/BOOT/{name}")


def secure_boot_disk():
    """An EFI system partition, to be read only: it takes a guest with Secure Boot to the GRUB of the root disk."""
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    return cache.make(cache.folder() / "debian" / f"esp-{digest}.img", _build_boot_disk)
