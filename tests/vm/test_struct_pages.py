# SPDX-License-Identifier: GPL-2.0-or-later
"""Struct pages of pages that are left out, left out too: the very pages that a walk of our own in Python finds.

makedumpfile has an option for it (-e), but 1.7.2 leaves out as many other pages where the kernel is at a random
address, and is no oracle.
"""

import json
import re
import struct
import subprocess

import pytest

from lab import dumps, program
from lab.core import Core
from lab.kdump_file import PAGE_BYTES, KdumpFile

STRUCT_PAGE = 64
A_PAGE = PAGE_BYTES // STRUCT_PAGE
TEXT = 0xFFFFFFFF80000000
ADDRESS = 0x000FFFFFFFFFF000
PRESENT, LARGE = 1, 0x80
HAS_MEM_MAP = 2
SECTION_PAGES = 1 << 27 - 12
SECTIONS_A_ROOT = PAGE_BYTES // 16


class Walk:
    """Virtual addresses of a dead x86_64 kernel, by its own page tables."""

    def __init__(self, core, info):
        self.core = core
        self.levels = 5 if "NUMBER(pgtable_l5_enabled)=1" in info else 4
        self.top = int(re.search(r"SYMBOL\(swapper_pg_dir\)=(\w+)", info)[1], 16) - TEXT + \
            int(re.search(r"NUMBER\(phys_base\)=(-?\d+)", info)[1])
        self.tables = {}

    def _table(self, paddr):
        if paddr not in self.tables:
            self.tables[paddr] = struct.unpack("<512Q", self.core.read(paddr, PAGE_BYTES))
        return self.tables[paddr]

    def paddr(self, vaddr):
        """None where nothing is mapped."""
        at = self.top
        for level in reversed(range(self.levels)):
            shift = 12 + 9 * level
            entry = self._table(at)[vaddr >> shift & 511]
            if not entry & PRESENT:
                return None
            if not level or entry & LARGE:
                return entry & ADDRESS & ~((1 << shift) - 1) | vaddr & (1 << shift) - 1
            at = entry & ADDRESS
        return None

    def numbers(self, vaddr, count):
        return struct.unpack(f"<{count}Q", self.core.read(self.paddr(vaddr), 8 * count))


def memmap(walk, info):
    """(address of the struct page of pfn 0 as each section sees it, its first pfn)"""
    roots = int(re.search(r"SYMBOL\(mem_section\)=(\w+)", info)[1], 16)
    for number, root in enumerate(walk.numbers(roots, 512)):
        if not root:
            continue
        words = walk.numbers(root, PAGE_BYTES // 8)
        for index in range(SECTIONS_A_ROOT):
            if words[2 * index] & HAS_MEM_MAP:
                yield words[2 * index] & ~0xFFF, (number * SECTIONS_A_ROOT + index) * SECTION_PAGES


def bits(number):
    return bytes(map(int, reversed(bin(number)[2:])))


def saved(dump, out, kinds):
    done = subprocess.run([program.kdump_command(), "save", "--quiet", "--json", "-x", kinds, dump.vmcore, out],
                          capture_output=True, text=True, timeout=300, check=True)
    with KdumpFile(out) as file:
        return json.loads(done.stdout), bits(file.ram), bits(file.bitmap), file.vmcoreinfo.decode()


# idle: 4-level page tables; hot-added: huge pages whose tails share their struct pages, and memory that came later
@pytest.mark.parametrize("name", ["idle", "hot-added"])
def test_the_pages_that_a_walk_finds(name, tmp_path):
    dump = dumps.get(name)
    out = tmp_path / "dump"
    _, ram, before, info = saved(dump, out, "cache-all,user,free")
    out.unlink()
    result, _, after, _ = saved(dump, out, "cache-all,user,free,structs")

    def dropped(pfn):
        return pfn < len(ram) and ram[pfn] and not (pfn < len(before) and before[pfn])

    with Core(dump.vmcore) as core:
        walk = Walk(core, info)
        want, shared = set(), 0
        for base, first in memmap(walk, info):
            for pfn in range(first, first + SECTION_PAGES, A_PAGE):
                paddr = walk.paddr(base + pfn * STRUCT_PAGE)
                if paddr is None or not all(map(dropped, range(pfn, pfn + A_PAGE))):
                    continue
                shared += paddr // PAGE_BYTES in want
                want.add(paddr // PAGE_BYTES)
    absent = {pfn for pfn in want if not before[pfn]}
    got = {pfn for pfn, kept in enumerate(before) if kept and not (pfn < len(after) and after[pfn])}
    print(f"{name}: {len(got)} pages, {shared} times shared")
    assert got == want - absent
    assert not absent
    assert len(got) > 1000 and result["pages"]["structs"] == len(got)
    assert bool(shared) == (name == "hot-added")
    stacks = [subprocess.run([program.kdump_command(), "bt", "-a", file], capture_output=True, check=True).stdout
              for file in (dump.vmcore, out)]
    assert stacks[0] == stacks[1]
