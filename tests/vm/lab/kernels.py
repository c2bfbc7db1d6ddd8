# SPDX-License-Identifier: GPL-2.0-or-later
"""Real Debian kernels, unpacked from their packages into the cache and never installed.

No ABI number is named anywhere: a meta package says which image it depends on today.
"""

import dataclasses
import functools
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from . import LabError, cache, vmlinux
from .archive import SUITE, Archive

# name: (meta package, suite)
FLAVOURS = {
    "6.1-cloud": ("linux-image-cloud-amd64", SUITE),
    "6.1": ("linux-image-amd64", SUITE),
    "6.1-rt": ("linux-image-rt-amd64", SUITE),
    "6.12-cloud": ("linux-image-cloud-amd64", f"{SUITE}-backports"),
}

# What is kept of a -dbg package, which is gigabytes when unpacked, besides the kernel itself: modules that the
# laboratory's guests load.
DEBUGGED_MODULES = ("ext4", "jbd2", "overlay", "pktgen", "virtio", "virtio_blk", "virtio_net", "virtio_pci", "virtio_ring")

# What a CPU model must not offer, so that a kernel survives it under TCG. QEMU 7.2 emulates
# CMPXCHG16B without LOCK with stale condition codes, which puts garbage into EFLAGS (TF, AC…); the
# slab allocator of 6.12 uses it on every allocation, and dies of it sooner or later.
CPU_SUFFIX = {"6.12-cloud": ",cx16=off"}


@dataclasses.dataclass(frozen=True)
class Kernel:
    name: str
    package: str
    version: str  # of the package
    folder: Path

    @property
    def release(self):
        return next((self.folder / "root/lib/modules").iterdir()).name

    @property
    def image(self):
        return self.folder / "root/boot" / f"vmlinuz-{self.release}"

    @property
    def modules(self):
        return self.folder / "root/lib/modules" / self.release

    @property
    def vmlinux(self):
        """The kernel as an ELF file, without symbols: what a bzImage holds."""
        def build(path):
            path.write_bytes(vmlinux.extract(self.image.read_bytes()))
        return cache.make(self.folder / "vmlinux", build)

    def cpu(self, model):
        return model + CPU_SUFFIX.get(self.name, "")

    def debug_folder(self):
        """/usr/lib/debug of the -dbg package of exactly this version, with DEBUGGED_MODULES: a large download."""
        def build(path):
            archive = Archive()
            archive.refresh()
            deb = path.parent / "dbg.deb"
            archive.download(f"linux-image-{self.release}-dbg", self.version, deb)
            wanted = {"vmlinux", f"vmlinux-{self.release}", *(f"{name}.ko" for name in DEBUGGED_MODULES)}
            with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as unpacking, \
                    tarfile.open(fileobj=unpacking.stdout, mode="r|") as package:
                for member in package:
                    if Path(member.name).name in wanted:
                        package.extract(member, path.parent / "package")
            shutil.move(path.parent / "package/usr/lib/debug", path)
        return cache.make(self.folder / "debug", build)

    def debug_vmlinux(self):
        """The vmlinux with debug information."""
        return self.debug_folder() / "boot" / f"vmlinux-{self.release}"

    def debug_modules(self):
        """{name: its file with debug information}."""
        return {path.stem: path for path in (self.debug_folder() / "lib/modules").rglob("*.ko")}


@functools.cache  # apt needs seconds for its lists, and every test asks
def _newest(name):
    """(archive, package, version) of the image that the meta package of that flavour depends on today."""
    if name not in FLAVOURS:
        raise LabError(f"{name}: not one of {', '.join(FLAVOURS)}")
    meta, suite = FLAVOURS[name]
    archive = Archive()
    depends = archive.fields(meta, suite).get("Depends", "")
    found = re.search(r"(linux-image-[^ ,]+) \(= ([^)]+)\)", depends)
    if not found:
        raise LabError(f"{meta} in {suite} depends on no kernel image: {depends!r}")
    return archive, *found.groups()


def _unpack(archive, package, version):
    def build(path):
        path.mkdir()
        deb = path.parent / "image.deb"
        archive.download(package, version, deb)
        subprocess.run(["dpkg-deb", "-x", deb, path / "root"], check=True)
        release = next((path / "root/lib/modules").iterdir()).name
        subprocess.run(["depmod", "-b", path / "root", release], check=True)
    return build


def get(name="6.1-cloud"):
    """The kernel of that name, as its meta package has it now."""
    archive, package, version = _newest(name)
    folder = cache.folder() / "kernels" / f"{package}_{version}"
    return Kernel(name, package, version, cache.make(folder, _unpack(archive, package, version)))


def package_file(name):
    """The same kernel as a package, for a guest that installs it."""
    archive, package, version = _newest(name)
    return cache.make(cache.folder() / "kernels" / f"{package}_{version}.deb",
                      lambda path: archive.download(package, version, path))
