# SPDX-License-Identifier: GPL-2.0-or-later
"""An EFI system partition with systemd-boot, from which a Debian guest boots in place of its GRUB."""

import os
import re
import subprocess

from . import LabError, cache, image
from .archive import Archive
from .debian_disk import FIRST_SECTOR, SECTOR


def _run(*command, **options):
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise LabError(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _build(path):
    archive = Archive()
    archive.download("systemd-boot-efi", archive.fields("systemd-boot-efi")["Version"], path.parent / "package.deb")
    _run("dpkg-deb", "-x", path.parent / "package.deb", path.parent / "package")
    (path.parent / "package/usr/lib/systemd/boot/efi/systemd-bootx64.efi").rename(path)


def make(root, path):
    """The partition, as a disk by itself, with an entry for the kernel of that root disk."""
    loader = cache.make(cache.folder() / "debian/systemd-bootx64.efi", _build)
    inside = f"{root}?offset={FIRST_SECTOR * SECTOR}"
    listed = _run("/sbin/debugfs", "-R", "ls -p /boot", inside)
    (kernel,) = re.findall(r"/(vmlinuz-[^/]+)/", listed)
    (initrd,) = re.findall(r"/(initrd\.img-[^/]+)/", listed)
    for name in (kernel, initrd):
        _run("/sbin/debugfs", "-R", f"dump /boot/{name} {path.parent / name}", inside)
    entry = path.parent / "debian.conf"
    entry.write_text(f"title Debian\nlinux /{kernel}\ninitrd /{initrd}\n"
                     "options root=LABEL=root ro console=ttyS0,115200 no_timer_check\n", encoding="ascii")
    image.sparse_file(path, 256 << 20)
    _run("mkfs.vfat", "-F", "32", "-n", "ESP", path, env={**os.environ, "PATH": os.environ["PATH"] + ":/sbin:/usr/sbin"})
    _run("mmd", "-i", path, "::/EFI", "::/EFI/BOOT", "::/loader", "::/loader/entries")
    for source, place in ((loader, "EFI/BOOT/BOOTX64.EFI"), (entry, "loader/entries/debian.conf"),
                          (path.parent / kernel, kernel), (path.parent / initrd, initrd)):
        _run("mcopy", "-i", path, source, f"::/{place}")
    return path
