# SPDX-License-Identifier: GPL-2.0-or-later
"""Physical memory out of an ELF core: a reader that shares no code with kdump's."""

import struct

from . import LabError

PT_LOAD = 1


class Core:
    def __init__(self, path):
        self.file = open(path, "rb")
        header = self.file.read(64)
        if header[:5] != b"\x7fELF\x02":
            raise LabError(f"{path}: not a 64-bit ELF file")
        offset, = struct.unpack_from("<Q", header, 0x20)
        size, count = struct.unpack_from("<HH", header, 0x36)
        self.loads = []  # (paddr, bytes in the file, offset)
        for index in range(count):
            self.file.seek(offset + index * size)
            kind, _, at, _, paddr, file_bytes, _, _ = struct.unpack("<IIQQQQQQ", self.file.read(56))
            if kind == PT_LOAD:
                self.loads.append((paddr, file_bytes, at))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def read(self, paddr, size_bytes):
        for start, length, offset in self.loads:
            if start <= paddr and paddr + size_bytes <= start + length:
                self.file.seek(offset + paddr - start)
                data = self.file.read(size_bytes)
                if len(data) != size_bytes:
                    raise LabError(f"the core ends before {paddr:#x}")
                return data
        raise LabError(f"{paddr:#x}: not in the core")


def registers_of_cpus(vmcore):
    """Each CPU's registers, from its NT_PRSTATUS (struct elf_prstatus, user_regs_struct); gdb would merge idle ones."""
    names = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
             "fs_base gs_base ds es fs gs").split()
    found = []
    with open(vmcore, "rb") as core:
        header = core.read(64)
        offset, = struct.unpack_from("<Q", header, 0x20)
        size, count = struct.unpack_from("<HH", header, 0x36)
        for index in range(count):
            core.seek(offset + index * size)
            kind, _, at, _, _, length, _, _ = struct.unpack("<IIQQQQQQ", core.read(56))
            if kind != 4:
                continue
            core.seek(at)
            notes = core.read(length)
            at = 0
            while at + 12 <= len(notes):
                name, desc, note = struct.unpack_from("<III", notes, at)
                at += 12 + (name + 3 & ~3)
                if note == 1 and desc >= 336:
                    found.append(dict(zip(names, struct.unpack_from("<27Q", notes, at + 112))))
                at += desc + 3 & ~3
    return found
