# SPDX-License-Identifier: GPL-2.0-or-later
"""A made-up machine on which everything is as it should be, below a folder: for --root."""
import gzip
import hashlib
import json
import os
import shutil
import struct
import subprocess

from status_test import Machine

UUID = "11111111-2222-3333-4444-555555555555"
SECOND_UUID = UUID.replace("1", "9")
SYSCTLS = {"panic": 10, "panic_on_oops": 1, "hung_task_panic": 1, "softlockup_panic": 1, "hardlockup_panic": 1,
           "unknown_nmi_panic": 1, "panic_on_unrecovered_nmi": 1, "panic_on_warn": 0, "panic_print": 0,
           "kexec_load_disabled": 0, "kexec_load_limit_panic": -1}
BUDDY, LRU, ANON = 1 << 10, 1 << 5, 1 << 12
RAM_PAGES = 0x40000
MIB = 1 << 20


def vmlinux():
    """An ELF kernel of 36 MiB, 18 of them code and read-only data: its section headers."""
    names, headers = b"\0", [bytes(64)]
    sections = [(".text", 0, 14 * MIB, 1), (".rodata", 16 * MIB, 4 * MIB, 1), (".data", 22 * MIB, MIB, 1),
                (".data..percpu", None, 65536, 1), (".init.text", 30 * MIB + 65536, MIB, 1),
                (".data_nosave", 32 * MIB, 4096, 1), (".bss", 32 * MIB + 4096, 4 * MIB - 4096, 8)]
    for name, at, size, kind in sections:
        address = 0 if at is None else 0xffffffff81000000 + at
        headers.append(struct.pack("<IIQQQQIIQQ", len(names), kind, 2, address, 0, size, 0, 0, 0, 0))
        names += name.encode() + b"\0"
    headers.append(struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, 64, len(names), 0, 0, 0, 0))
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x1000000, 0, 64 + len(names), 0,
                                                       64, 56, 0, 64, len(headers), len(headers) - 1)
    return header + names + b"".join(headers)


def bzimage():
    """A bzImage that carries it."""
    payload = gzip.compress(vmlinux()) + struct.pack("<I", len(vmlinux()))
    image = bytearray(1024 + 4096) + payload + bytes(-len(payload) % 16)
    image[0x1f1] = 1
    struct.pack_into("<I", image, 0x1f4, (len(image) - 1024) // 16)
    struct.pack_into("<HH4sH", image, 0x1fe, 0xaa55, 0x66eb, b"HdrS", 0x020f)
    image[0x211] = 1
    struct.pack_into("<IBxHI", image, 0x230, 0x200000, 1, 0xb, 2047)
    struct.pack_into("<IIQQI", image, 0x248, 4096, len(payload), 0, 0x1000000, 48 * MIB)
    return bytes(image)


def run(*command, **more):
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PATH": path}, **more)


class Sound(Machine):
    """Loaded, armed, with an initramfs and a target: ext4 on /dev/vda, whose driver is a module."""

    release = "6.1"  # that its modules are built for

    def __init__(self, root, kdump):
        super().__init__(root)
        self.kdump = kdump
        self.put("proc/cmdline", "root=/dev/vda crashkernel=128M\n")
        self.put("proc/cpuinfo", "flags\t\t: fpu\n")
        for name, value in SYSCTLS.items():
            self.put(f"proc/sys/kernel/{name}", f"{value}\n")
        self.put("proc/self/mountinfo", "20 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n")
        self.put("sys/kernel/security/lockdown", "[none] integrity confidentiality\n")
        self.put("sys/module/kernel/parameters/crash_kexec_post_notifiers", "N\n")
        self.put("etc/kdump.conf", f"[target]\ndevice = UUID={UUID}\n")
        self.pages({0: 5000, LRU: 20000, LRU | ANON: 20000})
        self.disk(256)
        self.driver()
        (root / "boot/vmlinuz-6.1").write_bytes(bzimage())
        run("cc", "-x", "assembler", "-nostdlib", "-static", "-o", root / "capture", "-", text=True,
            input='.globl _start\n_start: hlt\n.section .note.GNU-stack,"",@progbits\n')
        self.initramfs()
        self.load()

    def load(self, **options):
        """As Machine.load(), and the record knows of kernel, initramfs and configuration as they are."""
        super().load(**options)
        path = self.root / "var/lib/kdump/loaded.json"
        record = json.loads(path.read_text())
        drop_ins = sorted(self.root.glob("etc/kdump.conf.d/*.conf"))
        config = b"".join(path.read_bytes() for path in [self.root / "etc/kdump.conf", *drop_ins])
        files = {"configuration": ("/etc/kdump.conf", config)}
        for role, name in (("kernel", "/boot/vmlinuz-6.1"), ("initrd", "/var/lib/kdump/initrd-6.1")):
            if (self.root / name[1:]).exists():
                files[role] = (name, (self.root / name[1:]).read_bytes())
        record["loaded"]["files"] = [{"role": role, "path": name, "bytes": len(data),
                                      "sha256": hashlib.sha256(data).hexdigest()} for role, (name, data) in files.items()]
        path.write_text(json.dumps(record))

    def configure(self, text):
        """Another configuration, with an image (where one can be made) and a record that know of it."""
        self.put("etc/kdump.conf", text)
        self.make()
        self.load()

    def pages(self, counts):
        """So many pages with these flags; the rest of memory is free."""
        words = [flags for flags, count in counts.items() for _ in range(count)]
        words = [BUDDY] * 0x100 + words + [BUDDY] * (RAM_PAGES - 0x100 - len(words))
        (self.root / "proc/kpageflags").write_bytes(struct.pack(f"<{RAM_PAGES}Q", *words))

    def disk(self, size_mib, name="vda", uuid=UUID):
        """An ext4 of this size, mounted nowhere; /dev/vda is the made-up root, too."""
        path = self.root / "dev" / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        run("mkfs.ext4", "-q", "-U", uuid, path, f"{size_mib}M")

    def second_disk(self, size_mib):
        """/dev/vdb, behind the same controller's driver."""
        sys = self.root / "sys"
        for name, value in {"dev": "254:16", "ro": "0", "size": "8192"}.items():
            self.put(f"sys/devices/virtio0/block/vdb/{name}", value + "\n")
        for link in ("class/block/vdb", "dev/block/254:16"):
            (sys / link).symlink_to(os.path.relpath(sys / "devices/virtio0/block/vdb", (sys / link).parent))
        self.disk(size_mib, "vdb", SECOND_UUID)

    def driver(self):
        device = self.root / "sys/devices/virtio0"
        block = device / "block/vda"
        for name, value in {"modalias": "virtio:d2v1", "block/vda/dev": "254:0", "block/vda/ro": "0",
                            "block/vda/size": "8192"}.items():
            self.put(f"sys/devices/virtio0/{name}", value + "\n")
        for folder in ("class/block", "dev/block", "bus/drivers/virtio_blk", "module/virtio_blk"):
            (self.root / "sys" / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "sys/class/block/vda").symlink_to(os.path.relpath(block, self.root / "sys/class/block"))
        (self.root / "sys/dev/block/254:0").symlink_to(os.path.relpath(block, self.root / "sys/dev/block"))
        (device / "driver").symlink_to("../../bus/drivers/virtio_blk")
        (self.root / "sys/bus/drivers/virtio_blk/module").symlink_to("../../../module/virtio_blk")
        self.modules("virtio_blk")

    def modules(self, *names):
        """The modules of the kernel, beside what is built in."""
        tree = self.root / "lib/modules/6.1"
        shutil.rmtree(tree, ignore_errors=True)
        (tree / "kernel").mkdir(parents=True)
        for name in names:
            run("cc", "-x", "assembler", "-c", "-o", tree / f"kernel/{name}.ko", "-", text=True,
                input=f'.section .modinfo,"a"\n.asciz "name={name}"\n.asciz "alias=virtio:d2v*"\n'
                f'.asciz "vermagic={self.release} SMP"\n.data\n.fill 999,1,7\n')
        for name in ("modules.order", "modules.builtin.modinfo"):
            (tree / name).touch()
        builtin = ["ext4", "jbd2", "mbcache", "crc32c_generic", "crc32c_intel", "crc16"]
        (tree / "modules.builtin").write_text("".join(f"kernel/{name}.ko\n" for name in builtin))
        run("depmod", "-b", self.root, "6.1")

    def make(self):
        image = self.root / "var/lib/kdump/initrd-6.1"
        image.parent.mkdir(parents=True, exist_ok=True)
        return self.kdump("initramfs", "--root", str(self.root), "-k", "6.1", "-o", str(image), "--capture-program",
                          str(self.root / "capture"))

    def initramfs(self):
        done = self.make()
        assert done.returncode == 0, done.stderr
