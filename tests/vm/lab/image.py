# SPDX-License-Identifier: GPL-2.0-or-later
"""The disks of a guest, and the initramfs of its first kernel. Made without root and without mounting.

The root disk of a kernel (busybox, its modules, its images in /boot) is built once into the cache;
a guest writes to an overlay of its own. What changes from test to test goes in by tar (guest.py).
"""

import dataclasses
import hashlib
import lzma
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

from . import LabError, cache, cpio

GUEST_FILES = Path(__file__).resolve().parents[1] / "guest"
BUSYBOX = Path("/bin/busybox")
# ext4 asks for crc32c by that name, which leads to no module in modules.dep.
FIRST_MODULES = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
ROOT_BYTES = 2 << 30
# Neither a guest nor a dump target can need these, and they are most of a regular kernel.
LEFT_OUT = ("drivers/gpu", "drivers/media", "drivers/net/wireless", "drivers/infiniband", "sound")


class Images:
    """
    A folder for the disks of one machine: in memory where there is plenty of it, because several guests that write
    their memory to one disk wait for each other; else in its work folder. Gone when it is discarded, or nobody has it.
    """

    MEMORY, LEAST_BYTES = Path("/dev/shm"), 12 << 30

    def __init__(self, work):
        self._in_memory = None
        if min(self._room()) >= self.LEAST_BYTES:
            self._in_memory = tempfile.TemporaryDirectory(prefix="kdump-lab-", dir=self.MEMORY)
        self.folder = Path(self._in_memory.name) if self._in_memory else work

    def _room(self):
        available = re.search(r"^MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"), re.M)
        yield int(available[1]) << 10
        yield shutil.disk_usage(self.MEMORY).free if self.MEMORY.is_dir() and os.access(self.MEMORY, os.W_OK) else 0

    def discard(self):
        for path in self.folder.glob("*"):
            if path.suffix in (".img", ".qcow2", ".tar"):
                path.unlink()
        if self._in_memory:
            self._in_memory.cleanup()


def _tool(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise LabError(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def sparse_file(path, size_bytes):
    with open(path, "wb") as file:
        file.truncate(size_bytes)
    return path


def mbr(signature, partitions):
    """What an MBR with Linux partitions at those (first sector, sectors) holds from its byte 440 on."""
    table = bytearray(72)
    table[0:4] = signature.to_bytes(4, "little")
    for number, (start, sectors) in enumerate(partitions):
        at = 6 + 16 * number
        table[at + 4] = 0x83
        table[at + 8:at + 16] = start.to_bytes(4, "little") + sectors.to_bytes(4, "little")
    table[70:72] = b"\x55\xaa"
    return table


def _module_files(kernel, names):
    """Paths of those modules below the module folder, each after all that it depends on."""
    depends = {}
    for line in (kernel.modules / "modules.dep").read_text(encoding="ascii").splitlines():
        path, _, needed = line.partition(":")
        depends[path] = needed.split()
    by_name = {Path(path).name.split(".")[0].replace("-", "_"): path for path in depends}
    order = []
    for name in names:
        if name not in by_name:
            continue  # built in
        # modules.dep lists what must be loaded first last.
        for path in [*reversed(depends[by_name[name]]), by_name[name]]:
            if path not in order:
                order.append(path)
    return order


def _module_bytes(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def first_initramfs(kernel):
    """The initramfs that takes the first kernel to its root disk."""
    return _initramfs(kernel, "first-init")


def peer_initramfs(kernel, only_reboot=False):
    """An initramfs for the second kernel that copies the dump with cp, or does nothing but reboot."""
    return _initramfs(kernel, "peer-init", ("only-reboot",) if only_reboot else ())


def _initramfs(kernel, script, flags=()):
    init = (GUEST_FILES / script).read_bytes()
    digest = hashlib.sha256(init + repr((FIRST_MODULES, flags)).encode()).hexdigest()[:12]

    def build(path):
        # The image that only reboots measures the kernel's own floor: nothing else is in it.
        modules = [] if flags else _module_files(kernel, FIRST_MODULES)
        names = [Path(module).name.split(".")[0] + ".ko" for module in modules]
        entries = [(folder, cpio.FOLDER, b"") for folder in ("bin", "proc", "sys", "disk", "modules")]
        entries += [("bin/busybox", cpio.FILE, BUSYBOX.read_bytes()), ("init", cpio.FILE, init)]
        entries += [(f"modules/{name}", cpio.FILE, _module_bytes(kernel.modules / module))
                    for name, module in zip(names, modules)]
        entries.append(("modules/order", cpio.FILE, "".join(f"{name}\n" for name in names).encode()))
        entries += [(flag, cpio.FILE, b"") for flag in flags]
        path.write_bytes(cpio.archive(entries))
    return cache.make(kernel.folder / f"{script}-{digest}.cpio", build)


def _fill_root(kernel, root):
    for folder in ("bin", "sbin", "usr/bin", "usr/sbin", "etc", "proc", "sys", "dev", "run", "tmp", "mnt",
                   "root", "boot", "var/crash", "var/lib", "lib/modules", "lib64"):
        (root / folder).mkdir(parents=True)
    shutil.copy(BUSYBOX, root / "bin/busybox")
    for applet in _tool(BUSYBOX, "--list").split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("/bin/busybox")
    # Where the kernel looks for it when a file system wants another module.
    (root / "sbin/modprobe").symlink_to("/bin/busybox")
    shutil.copy(GUEST_FILES / "init", root / "sbin/init")
    shutil.copy(GUEST_FILES / "unpack", root / "sbin/lab-unpack")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="ascii")
    (root / "etc/group").write_text("root:x:0:\n", encoding="ascii")
    (root / "etc/hostname").write_text("lab\n", encoding="ascii")
    shutil.copy(kernel.image, root / "boot")
    shutil.copy(kernel.vmlinux, root / "boot" / f"vmlinux-{kernel.release}")
    left_out = [kernel.modules / "kernel" / folder for folder in LEFT_OUT]
    shutil.copytree(kernel.modules, root / "lib/modules" / kernel.release, symlinks=True,
                    ignore=lambda folder, names: [name for name in names if Path(folder, name) in left_out])


def root_disk(kernel):
    """The root disk of that kernel's guests, to be written to through an overlay only."""
    # This file too: it says what else is on the disk.
    recipe = b"".join(path.read_bytes() for path in (GUEST_FILES / "init", GUEST_FILES / "unpack", Path(__file__)))
    digest = hashlib.sha256(recipe).hexdigest()[:12]

    def build(path):
        cache.say(f"building the root disk of {kernel.release}")
        root = path.parent / "root"
        _fill_root(kernel, root)
        sparse_file(path, ROOT_BYTES)
        _tool("/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-L", "lab-root", "-d", root, path)
        shutil.rmtree(root)
    return cache.make(kernel.folder / f"root-{digest}.img", build)


def overlay(base, path):
    _tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", path)
    return path


def copy_sparse(stream, path, size_bytes=None):
    """Writes what the stream has (size_bytes of it) to path, leaving holes where it is zero."""
    chunk_bytes = 64 << 10
    zeros = bytes(chunk_bytes)
    position = 0
    with open(path, "wb") as out:
        while size_bytes is None or position < size_bytes:
            wanted = chunk_bytes if size_bytes is None else min(chunk_bytes, size_bytes - position)
            chunk = stream.read(wanted)
            if not chunk:
                break
            if chunk != zeros[:len(chunk)]:
                out.seek(position)
                out.write(chunk)
            position += len(chunk)
        out.truncate(position)
    if size_bytes is not None and position != size_bytes:
        raise LabError(f"{path}: {position} bytes instead of {size_bytes}")


# How a target disk of each type is made; %s stands for its UUID.
TARGET_TYPES = {
    "ext4": ("/sbin/mke2fs", "-q", "-t", "ext4", "-L", "crash", "-U", "%s"),
    "xfs": ("/sbin/mkfs.xfs", "-q", "-L", "crash", "-m", "uuid=%s"),
    "btrfs": ("/sbin/mkfs.btrfs", "-q", "-L", "crash", "-U", "%s"),
    "vfat": ("/sbin/mkfs.vfat", "-F", "32", "-n", "CRASH", "-i", "%s"),
    "raw": None,
}


@dataclasses.dataclass(frozen=True)
class Target:
    """The disk that the dump goes to; `device` is what kdump.conf calls it."""
    type: str
    path: Path
    device: str

    def config(self, dump="level = 0\nformat = elf", fallback="none", **capture):
        """A kdump.conf: of itself one for a whole dump, which most tests look into; dump="" for kdump's own defaults."""
        lines = ["[target]", f"device = {self.device}", f"type = {self.type}", "[capture]", f"fallback = {fallback}"]
        lines += [f"{key} = {value}" for key, value in capture.items()]
        return "\n".join(lines) + f"\n[dump]\n{dump}\n"

    def extract(self, inside, destination):
        """Copies a folder out of an ext4 target while no guest has it mounted."""
        destination.mkdir(parents=True, exist_ok=True)
        for name, is_folder in self._list(inside):
            if is_folder:
                self.extract(f"{inside}/{name}", destination / name)
                continue
            with subprocess.Popen(["/sbin/debugfs", "-R", f"cat \"{inside}/{name}\"", self.path],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as cat:
                copy_sparse(cat.stdout, destination / name)

    def _list(self, inside):
        # debugfs ls -p: /INODE/MODE/UID/GID/NAME/SIZE/
        for line in _tool("/sbin/debugfs", "-R", f"ls -p \"{inside}\"", self.path).splitlines():
            fields = line.split("/")
            if len(fields) > 6 and fields[5] not in (".", "..", "lost+found", ""):
                yield fields[5], fields[2].startswith("04")


def make_target(folder, kind="ext4", size_bytes=6 << 30):
    """A new disk of that type in the folder, sparse."""
    if kind not in TARGET_TYPES:
        raise LabError(f"{kind}: not one of {', '.join(TARGET_TYPES)}")
    path = sparse_file(Path(folder) / f"target-{kind}.img", size_bytes)
    if kind == "raw":
        return Target(kind, path, "/dev/vdb")
    identity = str(uuid.uuid4())
    if kind == "vfat":
        identity = identity[:8].upper()
    _tool(*(word.replace("%s", identity) for word in TARGET_TYPES[kind]), path,
          env={**os.environ, "PATH": os.environ["PATH"] + ":/sbin:/usr/sbin"})
    if kind == "vfat":
        identity = f"{identity[:4]}-{identity[4:]}"
    return Target(kind, path, f"UUID={identity}")
