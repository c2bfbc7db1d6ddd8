# SPDX-License-Identifier: GPL-2.0-or-later
"""Which pages are saved: the same as makedumpfile's, or as the guest's own kernel says of its pages."""

import collections
import json
import re
import subprocess

import pytest

from lab import dumps, oracles, program
from lab.kdump_file import PAGE_BYTES, KdumpFile, pfns

ALL = range(32)
# of the other dumps, as many levels as fit into the time; the rest are slow tests
SOME = (1, 8, 31)


def save(dump, out, *options):
    done = subprocess.run([program.kdump_command(), "save", "--quiet", "--json", *options, dump, out],
                          capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def makedumpfile(dump, out, level, *options):
    """Its report."""
    # --non-mmap: 1.7.2 dies of SIGSEGV in a core with many small holes, as a balloon leaves them
    done = subprocess.run(["makedumpfile", "--non-mmap", *options, "-d", str(level), "--message-level", "31", dump, out],
                          capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout + done.stderr


def counts(report):
    """Excluded pages by category; the free ones under `free` and so on."""
    names = {"Non-private cache pages": "cache", "Private cache pages": "cache_private",
             "User process data pages": "user", "Free pages": "free", "Hwpoison pages": "poisoned",
             "Offline pages": "offline"}
    return {names[name]: int(number, 16) for name, number in re.findall(r"^\s+(\S.*?)\s*: (0x[0-9a-f]+)$", report, re.M)
            if name in names}


def partial_pages(vmcore):
    """Pages at whose end or beginning the core's memory does not end with a page: makedumpfile drops them."""
    edges = set()
    for paddr, _, _, size in oracles.readelf_loads(vmcore):
        edges |= {edge // PAGE_BYTES for edge in (paddr, paddr + size) if edge % PAGE_BYTES}
    return edges


def check_level(dump, level, work):
    ours, theirs = work / "ours", work / "theirs"
    result = save(dump.vmcore, ours, "-d", str(level), "-c", "lzo")
    report = makedumpfile(dump.vmcore, theirs, level, "-l")
    with KdumpFile(ours) as a, KdumpFile(theirs) as b:
        differ = set(pfns(a.bitmap ^ b.bitmap))
        partial = partial_pages(dump.vmcore)
        assert not differ - partial, (level, sorted(differ - partial)[:10])
        assert a.level == level | (2 if level & 4 else 0)  # to leave out all cache is to leave out the other, too
        assert a.vmcoreinfo == b.vmcoreinfo
        if level in (1, 31):
            compare_pages(a, b, differ)
    ours.unlink()
    theirs.unlink()
    compare_counts(level, result["pages"], counts(report))


def compare_pages(a, b, differ):
    pages = ((pfn, page) for pfn, page in a.pages() if pfn not in differ)
    checked = 0
    for (pfn, page), (_, peer) in zip(pages, ((pfn, page) for pfn, page in b.pages() if pfn not in differ)):
        assert page == peer, hex(pfn)
        checked += 1
    assert checked > 10000


def compare_counts(level, kinds, theirs):
    """makedumpfile counts what it leaves out at this level; a kind that it keeps counts nothing there."""
    ours = {"cache": kinds["cache"] if level & 6 else 0, "cache_private": kinds["cache_private"] if level & 4 else 0,
            "user": kinds["user"] + kinds["huge"] if level & 8 else 0, "free": kinds["free"] if level & 16 else 0,
            "poisoned": kinds["poisoned"], "offline": kinds["offline"] if level & 30 else 0}
    assert {kind: theirs[kind] for kind in ours} == ours, level


REST = tuple(sorted(set(ALL) - set(SOME)))


@pytest.mark.parametrize("name, levels", [
    ("idle", ALL), ("hot-added", SOME), ("filled", SOME),
    pytest.param("hot-added", REST, marks=pytest.mark.slow), pytest.param("filled", REST, marks=pytest.mark.slow),
    pytest.param("large", ALL, marks=pytest.mark.slow)])
def test_same_pages_as_makedumpfile(name, levels, tmp_path):
    dump = dumps.get(name)
    for level in levels:
        check_level(dump, level, tmp_path)


def test_the_machines_are_what_they_claim():
    """Each recipe makes the pages that the tests are about."""
    kinds = json.loads(subprocess.run([program.kdump_command(), "save", "-n", "--json", dumps.get("filled").vmcore],
                                      capture_output=True, check=True).stdout)["pages"]
    for kind, mib in {"cache": 100, "cache_private": 30, "user": 280, "huge": 50, "free": 60, "kernel": 120}.items():
        assert kinds[kind] * PAGE_BYTES > mib << 20, kind
    kinds = json.loads(subprocess.run([program.kdump_command(), "save", "-n", "--json", dumps.get("hot-added").vmcore],
                                      capture_output=True, check=True).stdout)["pages"]
    # the balloon took 136 MiB: these pages are never read, and so not even in a whole dump
    assert kinds["absent"] * PAGE_BYTES == 136 << 20
    assert max(paddr for paddr, *_ in oracles.readelf_loads(dumps.get("hot-added").vmcore)) >= 4 << 30


# Documentation/admin-guide/mm/pagemap.rst; 35 is KPF_PRIVATE (include/linux/kernel-page-flags.h)
LRU, SLAB, BUDDY, ANON, SWAPCACHE, TAIL, HUGE, OFFLINE, PRIVATE = 5, 7, 10, 12, 13, 16, 17, 23, 35


def kind_of(flags):
    def has(bit):
        return flags >> bit & 1
    if has(SLAB):
        return "kernel"  # 6.12 shows other flags beside it, of members that mean something else there
    if has(BUDDY):
        return "free"
    if has(HUGE):
        return "huge"
    if has(ANON):
        return "user"
    if has(LRU):
        return "cache_private" if has(PRIVATE) else "cache"
    return "offline" if has(OFFLINE) else "kernel"


@pytest.mark.parametrize("name", ["6.12", "idle"])
def test_same_kinds_as_the_kernel_says(name, tmp_path):
    """/proc/kpageflags and /proc/kpagecount from right before the panic."""
    dump = dumps.get(name)
    flags, counts_of = dump.page_flags(), dump.page_counts()
    bits = {"free": 16, "user": 8, "huge": 8, "cache": 2, "cache_private": 4}
    excluded = {}
    for bit in (2, 4, 8, 16):
        save(dump.vmcore, tmp_path / "out", "-d", str(bit), "-c", "lzo")
        with KdumpFile(tmp_path / "out") as saved:
            excluded[bit] = saved.ram & ~saved.bitmap
            ram = saved.ram
        (tmp_path / "out").unlink()
    agree = differ = needed = mapped_free = 0
    counts = collections.Counter()
    for pfn in pfns(ram):
        if pfn >= len(flags):
            break
        kind = kind_of(flags[pfn])
        counts[kind] += 1
        left_out = {bit for bit, pages in excluded.items() if pages >> pfn & 1}
        want = {bits[kind]} if kind in bits else set()
        if kind == "cache":
            want = {2, 4}
        if left_out == want:
            agree += 1
        else:
            differ += 1
            needed += bool(left_out - want) and kind == "kernel"
        mapped_free += counts_of[pfn] > 0 and 16 in left_out
    # a few pages (about 100 of 212,000) change hands between reading the flags and the panic
    assert agree > 100000
    assert differ < agree / 200, (agree, differ)
    assert needed < agree / 1000, (agree, needed)
    assert mapped_free < agree / 1000, (agree, mapped_free)
    told = json.loads(subprocess.run([program.kdump_command(), "save", "-n", "--json", dump.vmcore],
                                     capture_output=True, check=True).stdout)["pages"]
    assert abs(sum(told.values()) - told["absent"] - counts.total()) < agree / 200
    for kind, count in counts.items():
        assert abs(told[kind] - count) < agree / 200, (kind, told[kind], count)


# What VMCOREINFO says of pages, and BTF says as well; an older kernel's VMCOREINFO lacks one or the other.
IN_BTF = [b"SIZE(page)", b"OFFSET(page._mapcount)", b"OFFSET(page.compound_head)", b"OFFSET(page.private)",
          b"NUMBER(PG_lru)", b"NUMBER(PG_head_mask)", b"NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)",
          b"NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)"]


@pytest.mark.parametrize("name, also", [("idle", []), ("6.12", [b"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)"])])
def test_the_kernels_own_types_where_vmcoreinfo_is_silent(name, also, tmp_path):
    def kinds(vmcore):
        done = subprocess.run([program.kdump_command(), "save", "-n", "--json", vmcore], capture_output=True, check=True)
        return json.loads(done.stdout)["pages"]

    dump = dumps.get(name)
    silent = tmp_path / "vmcore"
    subprocess.run(["cp", "--sparse=always", dump.vmcore, silent], check=True)
    with open(silent, "r+b") as core:
        head = core.read(1 << 20)
        found = [key for key in IN_BTF + also if key in head]
        assert len(found) >= 6, found
        for key in found:
            core.seek(head.index(key))
            core.write(b"?" * len(key))
    assert kinds(silent) == kinds(dump.vmcore)


@pytest.mark.parametrize("name, options", [("idle", ()), ("idle", ("-c", "zlib", "-d", "1")), ("idle", ("-f", "elf")), ("6.12", ())])
def test_the_size_that_a_dry_run_tells(name, options, tmp_path):
    def dry_run(*more):
        return subprocess.run([program.kdump_command(), "save", "-n", *options, *more, dumps.get(name).vmcore],
                              capture_output=True, check=True, text=True).stdout

    expected = json.loads(dry_run("--json"))
    saved = save(dumps.get(name).vmcore, tmp_path / "out", *options)
    assert (tmp_path / "out").stat().st_size == saved["file_bytes"]
    for what in ("file_bytes", "zero"):
        assert 0.8 * saved[what] < expected[what] < 1.2 * saved[what], what
    assert expected["kept"] == saved["kept"]
    if not options:
        rows = {line.split()[0]: line.split() for line in dry_run().splitlines()}
        assert rows["file"][1] == f"{expected['file_bytes'] / 2**20:.1f}"
        assert rows["zero"][1] == str(expected["zero"])
