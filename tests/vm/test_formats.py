# SPDX-License-Identifier: GPL-2.0-or-later
"""What kdump save writes opens everywhere, and shows the same everywhere."""

import json
import subprocess

import pytest

from lab import dumps, oracles, program
from lab.core import Core
from lab.kdump_file import PAGE_BYTES, KdumpFile

KDUMPFILE = """
import sys, kdumpfile
dump = kdumpfile.kdumpfile(sys.argv[1])
for line in sys.stdin:
    print(dump.read(kdumpfile.KDUMP_MACHPHYSADDR, int(line, 16), 4096).hex())
"""
SESSION = "sys\nps -k | wc -l\nlog | tail -3\np jiffies\nmod | head -5\nkmem -i | head -8\n"
SCRIPT = """
print(prog["init_uts_ns"].name.release.string_().decode())
print(sum(1 for task in for_each_task(prog)))
print(prog["jiffies_64"].value_())
for task in list(for_each_task(prog))[:20]:
    print(task.pid.value_(), task.comm.string_())
"""


def save(source, out, *options):
    out.unlink(missing_ok=True)
    subprocess.run([program.kdump_command(), "save", "--quiet", *options, source, out], check=True, timeout=600)
    return out


def without_names(text):
    """A crash session without the lines that name the dump, or tell how complete it is."""
    return [line for line in text.splitlines() if not line.strip().startswith(("DUMPFILE", "KERNEL:", "please wait"))]


@pytest.fixture(scope="module")
def idle():
    return dumps.get("idle")


def sample(dump, every=97):
    """Page numbers that the dump has, some of them."""
    with KdumpFile(dump) as saved:
        return {pfn: page for number, (pfn, page) in enumerate(saved.pages()) if number % every == 0}


@pytest.mark.parametrize("options", [("-c", "zstd"), ("-c", "zstd:3"), ("-c", "zlib"), ("-c", "zlib-fast"), ("-c", "lzo"),
                                     ("-c", "snappy"), ("-c", "none")], ids="_".join)
def test_pages_equal_the_source(idle, tmp_path, options):
    """Each page of the dump, unpacked by the codecs' own libraries, against the source."""
    out = save(idle.vmcore, tmp_path / "out", "-d", "31", *options)
    with Core(idle.vmcore) as core, KdumpFile(out) as saved:
        for number, (pfn, page) in enumerate(saved.pages()):
            if number % 7 == 0 and pfn > 0x100:
                assert page == core.read(pfn * PAGE_BYTES, PAGE_BYTES), hex(pfn)
    text = subprocess.run([program.kdump_command(), "verify", out], capture_output=True, text=True, check=False)
    assert text.returncode == 0, text.stdout


@pytest.mark.parametrize("codec", ["zstd", "zlib", "lzo", "snappy", "none"])
def test_libkdumpfile_reads_it(idle, tmp_path, codec):
    out = save(idle.vmcore, tmp_path / "out", "-c", codec)
    pages = sample(out)
    done = subprocess.run([oracles.SYSTEM_PYTHON, "-c", KDUMPFILE, out], capture_output=True, text=True, check=False,
                          input="".join(f"{pfn * PAGE_BYTES:x}\n" for pfn in pages))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [page.hex() for page in pages.values()]


def test_libkdumpfile_reads_our_elf(idle, tmp_path):
    """Not the flattened form: 0.5.1 knows none."""
    pages = sample(save(idle.vmcore, tmp_path / "kdump", "-c", "lzo"))
    out = save(idle.vmcore, tmp_path / "out", "-f", "elf")
    done = subprocess.run([oracles.SYSTEM_PYTHON, "-c", KDUMPFILE, out], capture_output=True, text=True, check=False,
                          input="".join(f"{pfn * PAGE_BYTES:x}\n" for pfn in pages))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [page.hex() for page in pages.values()]


@pytest.mark.parametrize("form", ["kdump", "elf", "flat"])
def test_any_number_of_threads_writes_the_same(idle, tmp_path, form):
    alone = save(idle.vmcore, tmp_path / "alone", "-f", form, "-j", "1")
    for threads in "23":
        several = save(idle.vmcore, tmp_path / "several", "-f", form, "-j", threads)
        subprocess.run(["cmp", alone, several], check=True)


@pytest.mark.parametrize("options", [("-c", "lzo"), ("-f", "elf"), ("-f", "elf", "-d", "31"),
                                     pytest.param(("-c", "none"), marks=pytest.mark.slow)], ids="_".join)
def test_makedumpfile_filters_each_format(idle, tmp_path, options):
    """As far as Debian's is built for it: not snappy, not zstd. What comes out has the same pages as the source filtered by it."""
    theirs = oracles.makedumpfile_filter(save(idle.vmcore, tmp_path / "ours", "-d", "1", *options), tmp_path / "theirs")
    direct = oracles.makedumpfile_filter(idle.vmcore, tmp_path / "direct")
    with KdumpFile(theirs) as a, KdumpFile(direct) as b:
        # a page within which memory ends is a whole one in ours, and makedumpfile drops what is none
        assert bin(a.bitmap ^ b.bitmap).count("1") <= 1
        pages = dict(b.pages())
        checked = 0
        for pfn, page in a.pages():
            if pfn in pages:
                assert page == pages[pfn], hex(pfn)
                checked += 1
        assert checked > 10000


@pytest.mark.parametrize("options", [("-c", "zlib"), ("-f", "elf")], ids="_".join)
def test_what_was_erased_outlives_further_filters(idle, tmp_path, options):
    def erased(dump):
        said = subprocess.run([program.kdump_command(), "info", "--json", dump], capture_output=True, check=True).stdout
        return json.loads(said)["erased"]

    first = save(idle.vmcore, tmp_path / "first", "-d", "1", "--erase", "cred@init_cred", *options)
    assert len(erased(first)) == 1 and erased(first)[0].startswith("erase cred@init_cred size ")
    theirs = oracles.makedumpfile_filter(first, tmp_path / "theirs")
    ours = save(theirs, tmp_path / "ours", "-f", "elf")
    assert erased(first) == erased(theirs) == erased(ours)


def test_makedumpfile_filters_it_again(idle, tmp_path):
    """A dump at level 1 filtered again is the dump at level 31, by makedumpfile and by us."""
    first = save(idle.vmcore, tmp_path / "first", "-d", "1", "-c", "zlib")
    direct = save(idle.vmcore, tmp_path / "direct", "-d", "31", "-c", "zlib")
    ours = save(first, tmp_path / "ours", "-d", "31", "-c", "zlib")
    theirs = oracles.makedumpfile_filter(first, tmp_path / "theirs")
    with KdumpFile(direct) as a, KdumpFile(ours) as b, KdumpFile(theirs) as c:
        assert a.bitmap == b.bitmap
        # its bitmap lacks the page within which memory ends
        assert bin(a.bitmap ^ c.bitmap).count("1") <= 1
    assert direct.read_bytes() == ours.read_bytes()


def test_makedumpfile_puts_a_flattened_one_in_order(idle, tmp_path):
    flat = save(idle.vmcore, tmp_path / "flat", "-f", "flat", "-c", "zlib")
    plain = save(idle.vmcore, tmp_path / "plain", "-f", "kdump", "-c", "zlib")
    with open(flat, "rb") as stream:
        subprocess.run(["makedumpfile", "-R", tmp_path / "ordered"], stdin=stream, check=True, capture_output=True)
    assert (tmp_path / "ordered").read_bytes() == plain.read_bytes()


def test_elf_is_what_gdb_and_readelf_take(idle, tmp_path):
    out = save(idle.vmcore, tmp_path / "out", "-f", "elf")
    assert oracles.readelf_registers_count(out) == 2
    assert len(oracles.readelf_loads(out)) > 10
    assert oracles.gdb_registers(out)
    with Core(idle.vmcore) as source, Core(out) as saved:
        checked = 0
        for paddr, size, _ in saved.loads:
            if size >= PAGE_BYTES and paddr % PAGE_BYTES == 0:
                assert saved.read(paddr, PAGE_BYTES) == source.read(paddr, PAGE_BYTES)
                checked += 1
        assert checked > 10


@pytest.mark.slow
@pytest.mark.parametrize("options,readers", [
    (("-c", "zlib"), "crash drgn"), (("-c", "zstd"), "crash drgn"), (("-c", "lzo"), "crash drgn"),
    (("-c", "snappy"), "crash drgn"), (("-c", "none"), "crash drgn"), (("-f", "elf"), "crash drgn"),
    (("-f", "flat", "-c", "zlib"), "crash")], ids=lambda value: "_".join(value))
def test_debuggers_show_the_same(idle, tmp_path, options, readers):
    """The same session on our dump and on the whole core, and on makedumpfile's. (drgn takes nothing flattened, whoever wrote it.)"""
    vmlinux = idle.kernel.debug_vmlinux()
    out = save(idle.vmcore, tmp_path / "out", *options)
    if "crash" in readers:
        peer = tmp_path / "peer"
        oracles.makedumpfile_filter(idle.vmcore, peer)
        assert without_names(oracles.crash(vmlinux, out, SESSION)) == without_names(oracles.crash(vmlinux, peer, SESSION))
    if "drgn" in readers:
        assert oracles.drgn(vmlinux, out, SCRIPT) == oracles.drgn(vmlinux, idle.vmcore, SCRIPT)
