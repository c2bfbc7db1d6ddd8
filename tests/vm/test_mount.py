# SPDX-License-Identifier: GPL-2.0-or-later
"""A dump as a folder: the same memory in every form of the dump, and what other tools make of it.

Nothing is booted here: the dumps are those of the laboratory, and they are mounted on this machine.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import struct
import subprocess
import threading
import time

import pytest

from lab import dumps, oracles, program, sshd
from lab.core import Core
from lab.kdump_file import KdumpFile
from test_formats import without_names
from test_pages import kind_of, partial_pages

PAGE = 4096
PIECE = 1 << 20
FORMS = {"elf": ["-f", "elf"], "zstd": ["-c", "zstd"], "zlib": ["-c", "zlib"], "flat": ["-f", "flat"]}
# of the serving process, whatever is read and however large the dump: readers, runs, requests; and with the system
# opened, its symbols and types and those of a report
RESIDENT_KIB = 40 << 10
RESIDENT_WITH_SYSTEM_KIB = 64 << 10


def kdump(*arguments):
    done = subprocess.run([program.kdump_command(), *arguments], capture_output=True, text=True, errors="replace",
                          check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def why_not():
    if not os.path.exists("/dev/fuse"):
        return "/dev/fuse is not there"
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"/dev/fuse: {error.strerror}"
    return None


pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


class Mounted:
    def __init__(self, folder, process):
        self.folder, self.process = folder, process

    def __truediv__(self, name):
        return self.folder / name

    def resident_kib(self, what="VmRSS"):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(rf"{what}:\s+(\d+) kB", status.read())[1])


@contextlib.contextmanager
def mounted(dump, folder, *options):
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen([program.kdump_command(), "mount", "-f", *options, dump, folder], stderr=subprocess.PIPE,
                               text=True)
    try:
        while not os.path.ismount(folder):
            if process.poll() is not None:
                said = process.stderr.read()
                if "Operation not permitted" in said:
                    pytest.skip(f"nothing may be mounted here: {said.strip()}")
                raise AssertionError(said)
            time.sleep(0.02)
        yield Mounted(folder, process)
        kdump("umount", folder)
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        process.stderr.close()
        assert not os.path.ismount(folder)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("mount")


@pytest.fixture(scope="module")
def saved(work):
    """saved(dump, form, level): that dump, saved so."""
    made = {}

    def save(dump, form, level=0):
        key = dump.name, form, level
        if key not in made:
            made[key] = work / "-".join(map(str, key))
            kdump("save", "-q", "-d", str(level), *FORMS[form], dump.vmcore, made[key])
        return made[key]
    yield save
    for path in made.values():
        path.unlink()


def read_at(file, offset, size):
    data = os.pread(file.fileno(), size, offset)
    assert len(data) == size
    return data


def md5_of(command):
    return subprocess.run(f"{command} | md5sum", shell=True, capture_output=True, text=True, check=True).stdout.split()[0]


def pieces(core):
    """(paddr, bytes) of all that a core has, at most PIECE at a time."""
    for start, length, offset in core.loads:
        for at in range(0, length, PIECE):
            yield start + at, os.pread(core.file.fileno(), min(PIECE, length - at), offset + at)


def notes(path):
    with open(path, "rb") as core:
        header = core.read(64)
        offset, = struct.unpack_from("<Q", header, 0x20)
        core.seek(offset)
        kind, _, at, _, _, length, _, _ = struct.unpack("<IIQQQQQQ", core.read(56))
        assert kind == 4
        core.seek(at)
        return core.read(length)


@pytest.mark.parametrize("name, form", [*(("idle", form) for form in FORMS), ("6.12", "zlib"),
                                        *(pytest.param("6.12", form, marks=pytest.mark.slow) for form in FORMS if form != "zlib")])
def test_vmcore_and_oldmem_are_the_original(name, form, saved, work):
    dump = dumps.get(name)
    with mounted(saved(dump, form), work / "dir") as files, Core(dump.vmcore) as original, \
            Core(files / "vmcore") as core, open(files / "oldmem", "rb") as oldmem:
        end = max(start + length for start, length, _ in original.loads)
        assert os.stat(files / "oldmem").st_size == end
        covered = 0
        for paddr, data in pieces(original):
            assert core.read(paddr, len(data)) == data, hex(paddr)
            assert read_at(oldmem, paddr, len(data)) == data, hex(paddr)
            covered += len(data)
        assert covered >= 800 << 20
        assert notes(files / "vmcore") == notes(dump.vmcore)
        # the file is as long as its headers say
        assert os.stat(files / "vmcore").st_size == max(length + offset for _, length, offset in core.loads)
        assert files.resident_kib("VmHWM") < RESIDENT_KIB
        print(f"{name} {form}: peak {files.resident_kib('VmHWM')} KiB")


def test_a_core_is_itself(work):
    dump = dumps.get("idle")
    with mounted(dump.vmcore, work / "dir") as files:
        assert subprocess.run(["cmp", files / "vmcore", dump.vmcore], check=False).returncode == 0


def test_a_filtered_core_is_what_save_writes(saved, work):
    dump = saved(dumps.get("idle"), "zstd", 31)
    kdump("save", "-q", "-d", "0", "-f", "elf", dump, work / "core")
    with mounted(dump, work / "dir") as files:
        assert subprocess.run(["cmp", files / "vmcore", work / "core"], check=False).returncode == 0
    (work / "core").unlink()


def kept_by_makedumpfile(dump, out):
    """Zero pages, of which there is a descriptor in such a dump, are none of them."""
    oracles.makedumpfile_filter(dump.vmcore, out)
    with KdumpFile(out) as theirs:
        pages = {number for number, data in theirs.pages() if data and any(data)}
    out.unlink()
    return pages


def pages_of_the_kernel(saved_dump, dump, folder):
    """The pages of vmcore-kern, each of which has the original's bytes."""
    with mounted(saved_dump, folder) as files, Core(dump.vmcore) as original, Core(files / "vmcore-kern") as core:
        pages = {page for start, length, _ in core.loads for page in range(start // PAGE, (start + length - 1) // PAGE + 1) if length}
        for paddr, data in pieces(core):
            assert original.read(paddr, len(data)) == data, hex(paddr)
        assert sum(length for _, length, _ in core.loads) < 3 * PAGE * len(pages)
        print(f"{len(pages)} pages in {len(core.loads)} segments, peak {files.resident_kib('VmHWM')} KiB")
    assert len(pages) > 10000
    return pages


def test_vmcore_kern_has_the_pages_that_makedumpfile_keeps(saved, work):
    """Of every form; but for the page within which RAM ends, which makedumpfile drops."""
    dump = dumps.get("idle")
    theirs, partial = kept_by_makedumpfile(dump, work / "theirs"), partial_pages(dump.vmcore)
    assert len(partial) <= 1
    for form, level in (("zstd", 0), ("zlib", 31), ("elf", 0), ("flat", 31)):
        ours = pages_of_the_kernel(saved(dump, form, level), dump, work / "dir")
        assert not (ours ^ theirs) - partial, (form, sorted(ours ^ theirs)[:10])


def test_vmcore_kern_has_the_pages_that_the_kernel_calls_its_own(saved, work):
    """6.12, whose kinds of pages makedumpfile 1.7.2 does not know, by its /proc/kpageflags from right before the panic."""
    dump = dumps.get("6.12")
    flags = dump.page_flags()
    ours = pages_of_the_kernel(saved(dump, "zlib"), dump, work / "dir")
    assert pages_of_the_kernel(saved(dump, "elf", 31), dump, work / "dir") == ours
    agree = missing = other = 0
    with Core(dump.vmcore) as original:
        for paddr, data in pieces(original):
            for at in range(0, len(data) - PAGE + 1, PAGE):
                page = (paddr + at) // PAGE
                if page >= len(flags):
                    continue
                wanted = kind_of(flags[page]) == "kernel" and data[at:at + PAGE] != bytes(PAGE)
                agree += wanted == (page in ours)
                missing += wanted and page not in ours
                other += not wanted and page in ours
    # a few change hands between reading the flags and the panic, as in test_pages.py
    assert agree > 100000 and missing < agree / 1000 and other < agree / 200, (agree, missing, other)


def test_vmcore_is_the_same_of_each_form(saved, work):
    """Byte by byte, headers and all: so what a tool makes of one it makes of all."""
    dump, digests = dumps.get("idle"), set()
    for form in ("zstd", "zlib", "flat"):
        with mounted(saved(dump, form, 31), work / "dir") as files:
            digests.add((md5_of(f"cat {files / 'vmcore'}"), md5_of(f"cat {files / 'vmcore-kern'}")))
    assert len(digests) == 1


ASK_DRGN_TASKS = """
print(prog["init_uts_ns"].name.release.string_().decode(), prog["jiffies_64"].value_())
print(*(task.pid.value_() for task in for_each_task(prog)))
"""


# drgn itself takes no flattened dump: mounted it does. crash 8.0.2 knows no 6.12.
@pytest.mark.parametrize("name, form, level", [
    ("idle", "zstd", 0), pytest.param("idle", "flat", 31, marks=pytest.mark.slow), pytest.param("6.12", "zstd", 31, marks=pytest.mark.slow)])
def test_other_tools_read_it(name, form, level, saved, work):
    """They say of what is mounted what they say of the original."""
    dump = dumps.get(name)
    debug = dump.kernel.debug_vmlinux()
    registers = oracles.gdb_registers(dump.vmcore)
    listed = oracles.drgn(debug, dump.vmcore, ASK_DRGN_TASKS)
    tasks = {task["pid"] for task in json.loads(kdump("ps", "--json", dump.vmcore)) if not task["idle"]}
    assert set(map(int, listed.splitlines()[1].split())) - {0} == tasks and registers
    session = without_names(oracles.crash(debug, dump.vmcore, "sys\nlog")) if name == "idle" else None
    with mounted(saved(dump, form, level), work / "dir") as files:
        for file in (files / "vmcore", files / "vmcore-kern"):
            assert oracles.gdb_registers(file) == registers
            assert oracles.drgn(debug, file, ASK_DRGN_TASKS) == listed
            if session:
                assert without_names(oracles.crash(debug, file, "sys\nlog")) == session
                assert "sysrq: Trigger a crash" in "".join(session) and len(session) > 100


def test_left_out_pages(saved, work):
    """An error, or zeros; and copies that skip holes."""
    dump = dumps.get("idle")
    filtered = saved(dump, "zlib", 31)
    with KdumpFile(filtered) as there:
        present = {number for number, data in there.pages() if data is not None}
    with Core(dump.vmcore) as original:
        ram = {page for start, length, _ in original.loads for page in range(-(-start // PAGE), (start + length) // PAGE)}
        left_out = sorted(ram - present)
        some = left_out[:: len(left_out) // 200]
        with mounted(filtered, work / "dir") as files, open(files / "oldmem", "rb") as oldmem:
            for page in some:
                with pytest.raises(OSError) as failed:
                    os.pread(oldmem.fileno(), PAGE, page * PAGE)
                assert failed.value.errno == errno.EIO
            assert os.lseek(oldmem.fileno(), some[0] * PAGE, os.SEEK_DATA) == some[0] * PAGE
            # what is before a page that is not there can be read, whatever the kernel read ahead
            last = next(page for page in sorted(present) if page + 1 in ram and page + 1 not in present)
            done = subprocess.run(["dd", f"if={files / 'oldmem'}", "bs=4096", f"skip={last}", "count=2"],
                                  capture_output=True, check=False)
            assert done.returncode == 1 and done.stdout == original.read(last * PAGE, PAGE)
        with mounted(filtered, work / "dir", "--excluded", "zero") as files, open(files / "oldmem", "rb") as oldmem:
            for page in some:
                assert read_at(oldmem, page * PAGE, PAGE) == bytes(PAGE)
                assert os.lseek(oldmem.fileno(), page * PAGE, os.SEEK_HOLE) == page * PAGE
            subprocess.run(["cp", files / "oldmem", work / "copy"], check=True, timeout=120)
            assert os.stat(work / "copy").st_size == os.stat(files / "oldmem").st_size
            assert os.stat(work / "copy").st_blocks * 512 < 2 * PAGE * len(present)
            with open(work / "copy", "rb") as copy:
                for page in sorted(present)[::50]:
                    if page in ram:
                        assert read_at(copy, page * PAGE, PAGE) == original.read(page * PAGE, PAGE)
            (work / "copy").unlink()


def test_bare_memory(saved, work):
    """A copy of oldmem is bare memory, and is mounted as such."""
    dump = dumps.get("idle")
    with mounted(saved(dump, "zstd"), work / "dir") as files:
        subprocess.run(["cp", files / "oldmem", work / "memory"], check=True, timeout=120)
        log = (files / "dmesg").read_bytes()
    with mounted(work / "memory", work / "dir", "--raw-input") as files:
        assert (files / "dmesg").read_bytes() == log
        assert subprocess.run(["cmp", files / "oldmem", work / "memory"], check=False).returncode == 0
    (work / "memory").unlink()


def test_dd(saved, work):
    dump = dumps.get("idle")
    with mounted(saved(dump, "zstd"), work / "dir") as files, Core(dump.vmcore) as original:
        # the kernel places itself and the reservation anew at each boot: only the core knows which addresses it has
        middles = [start + length // 2 // PAGE * PAGE for start, length, _ in original.loads if length >= 8 * PAGE]
        for paddr in (0x1000, *middles):
            done = subprocess.run(["dd", f"if={files / 'oldmem'}", "bs=4096", f"skip={paddr // PAGE}", "count=3"],
                                  capture_output=True, check=True)
            assert done.stdout == original.read(paddr, 3 * PAGE)


# the latter with 4 GiB of memory
@pytest.mark.parametrize("name", ["idle", pytest.param("large", marks=pytest.mark.slow)])
def test_parallel_readers(name, saved, work):
    """All get the same, that of the dump; and what the daemon takes for it is bounded, however large the dump."""
    dump, cache_kib, found = saved(dumps.get(name), "zstd"), 16, []
    kdump("save", "-q", "-d", "0", "-f", "elf", dump, work / "core")
    want = md5_of(f"cat {work / 'core'}")
    (work / "core").unlink()
    with mounted(dump, work / "dir", "--cache", f"{cache_kib}K") as files:
        # past the page cache, so that each of them is answered for itself
        readers = [threading.Thread(target=lambda: found.append(md5_of(f"dd if={files / 'vmcore'} bs=1M iflag=direct 2>/dev/null")))
                   for _ in range(4)]
        for reader in readers:
            reader.start()
        texts = [path for path in files.folder.rglob("*") if path.is_file() and path.name not in ("vmcore", "vmcore-kern", "oldmem", "mem")]
        assert len(texts) > 400 and sum(len(path.read_bytes()) for path in texts) > 4 * cache_kib << 10
        for reader in readers:
            reader.join(1200)
        peak = files.resident_kib("VmHWM")
    assert found == [want] * 4
    print(f"{name}: four readers, and {len(texts)} texts: peak {peak} KiB")
    assert peak < cache_kib + RESIDENT_WITH_SYSTEM_KIB


def test_scp_to_a_local_sshd(saved, work):
    dump = dumps.get("idle")
    with mounted(saved(dump, "zstd"), work / "dir") as files, sshd.running() as server:
        subprocess.run(["scp", *server.options, files / "vmcore", server.place("copy")], check=True, timeout=300)
        assert (server.folder / "copy").stat().st_size == (files / "vmcore").stat().st_size > 1 << 28
        assert subprocess.run(["cmp", files / "vmcore", server.folder / "copy"], check=False).returncode == 0


def frames(text):
    return [int(address, 16) for address in re.findall(r"^#\d+\s+([0-9a-f]{16})", text, re.M)]


@pytest.mark.parametrize("name", ["idle", "6.12"])
def test_what_the_commands_say(name, saved, work):
    dump = saved(dumps.get(name), "zstd", 31)
    with mounted(dump, work / "dir") as files:
        for path, command in (("dmesg", ["log"]), ("report.txt", ["report"]), ("report.json", ["report", "--json"])):
            text = (files / path).read_text(encoding="utf-8", errors="replace")
            assert text.strip() == kdump(*command, dump).strip()
            assert os.stat(files / path).st_size == len((files / path).read_bytes())
        assert "OSRELEASE=" in (files / "vmcoreinfo").read_text()
        for cpu in json.loads(kdump("regs", "--json", dump)):
            said = dict(line.split() for line in (files / f"cpu/{cpu['cpu']}/registers").read_text().splitlines())
            assert {key: int(value, 16) for key, value in said.items()} == \
                {key: int(value, 16) for key, value in cpu["registers"].items()}
        tasks = [task for task in json.loads(kdump("ps", "--json", dump)) if not task["idle"]]
        assert sorted(os.listdir(files / "task"), key=int) == sorted((str(task["pid"]) for task in tasks), key=int)
        stacks = {task["pid"]: task for task in json.loads(kdump("bt", "-A", "--json", dump))}
        for task in tasks:
            folder = files / f"task/{task['pid']}"
            assert (folder / "comm").read_text() == task["comm"] + "\n"
            assert f"State:\t{task['state']}" in (folder / "status").read_text()
            assert frames((folder / "stack").read_text()) == [int(frame["pc"], 16) for frame in stacks[task["pid"]]["frames"]]
        running = [task for task in json.loads(kdump("bt", "-a", "--json", dump))]
        for task in running:
            assert frames((files / f"cpu/{task['cpu']}/stack").read_text()) == [int(frame["pc"], 16) for frame in task["frames"]]
            assert f"Pid:\t{task['pid']}\n" in (files / f"cpu/{task['cpu']}/task").read_text()
        modules = {module["name"] for module in json.loads(kdump("mods", "--json", dump))}
        assert set(os.listdir(files / "module")) == modules and modules
        for module in modules:
            assert int((files / f"module/{module}/size").read_text()) > 0
            assert (files / f"module/{module}/state").read_text() == "live\n"
        print(f"{name}, all texts read: peak {files.resident_kib('VmHWM')} KiB")
        assert files.resident_kib("VmHWM") < RESIDENT_WITH_SYSTEM_KIB


ASK_DRGN = """
import hashlib, json
from drgn.helpers.linux.mm import access_process_vm, cmdline
def task_on_cpu(task):
    return task.on_cpu.value_() or task.__state.value_() & 0x80
found, registers = {}, {}
for task in for_each_task(prog):
    if not task_on_cpu(task):
        registers[task.pid.value_()] = dict(prog.stack_trace(task)[0].registers())
    if not task.mm:
        continue
    ranges = []
    def walk(entry, low, high, is_node):
        if is_node:
            kind, at = entry >> 3 & 15, entry & ~255
            node = drgn.Object(prog, 'struct maple_node', address=at)
            body = node.ma64 if kind == prog['maple_arange_64'].value_() else node.mr64
            slots, pivots = len(body.slot), len(body.pivot)
            for i in range(slots):
                pivot = body.pivot[i].value_() if i < pivots else high
                if i and not pivot or pivot > high:
                    pivot = high
                slot = body.slot[i].value_()
                if slot:
                    walk(slot, low, pivot, kind != prog['maple_leaf_64'].value_())
                if pivot >= high:
                    break
                low = pivot + 1
        elif entry & 3 != 2:
            vma = drgn.Object(prog, 'struct vm_area_struct *', value=entry)
            flags = vma.vm_flags.value_()
            access = ''.join(c if flags & bit else '-' for c, bit in (('r', 1), ('w', 2), ('x', 4)))
            ranges.append([vma.vm_start.value_(), vma.vm_end.value_(), access + ('s' if flags & 0x80 else 'p'),
                           d_path(vma.vm_file.f_path.address_of_()).decode() if vma.vm_file else ''])
    root = task.mm.mm_mt.ma_root.value_()
    walk(root, 0, 2 ** 64 - 1, root & 3 == 2 and root > 4096)
    pages = {}
    for start, end, _, _ in ranges:
        for page in range(start, min(end, start + (64 << 12)), 4096):
            try:
                pages[page] = hashlib.md5(access_process_vm(task, page, 4096)).hexdigest()
            except Exception:
                pages[page] = None
    words = cmdline(task)
    found[task.pid.value_()] = [ranges, [word.decode() for word in words] if words is not None else None, pages]
print(json.dumps([found, registers]))
"""


@pytest.fixture(scope="module")
def drgn_says():
    """Of the processes of "idle", and of where its sleeping tasks are."""
    dump = dumps.get("idle")
    return json.loads(oracles.drgn(dump.kernel.debug_vmlinux(), dump.vmcore, ASK_DRGN))


def test_registers_of_sleeping_tasks(drgn_says, saved, work):
    """What the switch kept of each, as drgn has it, and the bases that are kept in the task."""
    compared = 0
    with mounted(saved(dumps.get("idle"), "zstd"), work / "dir") as files:
        for pid, theirs in drgn_says[1].items():
            text = (files / f"task/{pid}/registers").read_text().partition("[kernel]\n")[2].partition("[user]")[0]
            ours = {name: int(value, 16) for name, value in (line.split() for line in text.splitlines())}
            assert {"rip", "rsp", "rbp", "rbx", "r12", "r15", "fs_base"} <= set(ours)
            both = set(ours) & set(theirs)
            assert {name: ours[name] for name in both} == {name: theirs[name] for name in both}, pid
            assert {"rip", "rsp", "rbp", "rbx", "r12", "r15"} <= both
            compared += 1
    assert compared > 30


def maps(folder):
    """[start, end, access, name] of each range."""
    found = []
    for line in (folder / "maps").read_text(encoding="utf-8").splitlines():
        start, end, access, name = re.fullmatch(r"([0-9a-f]{8,})-([0-9a-f]{8,}) (\S{4}) [0-9a-f]{8,} "
                                                r"[0-9a-f]{2,}:[0-9a-f]{2,} \d+ +(.*)", line).groups()
        found.append([int(start, 16), int(end, 16), access, name])
    return found


def test_memory_of_processes(drgn_says, saved, work):
    """Ranges, files, command lines and pages as drgn has them."""
    dump, said = dumps.get("idle"), drgn_says[0]
    assert len(said) >= 2
    compared = 0
    with mounted(saved(dump, "zstd"), work / "dir") as files:
        for pid, (ranges, words, pages) in said.items():
            folder = files / f"task/{pid}"
            ours = maps(folder)
            assert [[start, end, access, "" if name.startswith("[") else name] for start, end, access, name in ours] == ranges
            assert sum(name == "[stack]" for *_, name in ours) == 1 and any(name == "[vdso]" for *_, name in ours)
            assert (folder / "cmdline").read_bytes().decode().split("\0")[:-1] == words
            with open(folder / "mem", "rb", buffering=0) as memory:
                for page, digest in pages.items():
                    try:
                        data = os.pread(memory.fileno(), PAGE, int(page))
                    except OSError as error:
                        assert error.errno == errno.EIO
                        data = None
                    assert (hashlib.md5(data).hexdigest() if data else None) == digest, (pid, hex(int(page)))
                    compared += digest is not None
                    if data:
                        assert os.lseek(memory.fileno(), int(page), os.SEEK_DATA) == int(page)
                with pytest.raises(OSError):
                    os.pread(memory.fileno(), PAGE, 0)
                assert os.lseek(memory.fileno(), 0, os.SEEK_DATA) == min(int(page) for page in pages if pages[page])
    assert compared > 200


@pytest.mark.parametrize("name", ["idle", "6.12"])
def test_maps_add_up(name, saved, work):
    """What is mapped is what the kernel counted; and where the command line is, is a range."""
    dump = saved(dumps.get(name), "zlib")
    processes = [task for task in json.loads(kdump("ps", "--json", dump)) if task["virtual_bytes"]]
    assert len(processes) >= 2
    with mounted(dump, work / "dir") as files:
        for task in processes:
            ranges = maps(files / f"task/{task['pid']}")
            assert sum(end - start for start, end, *_ in ranges) == task["virtual_bytes"]
            assert ranges == sorted(ranges)
            assert any(name.endswith(("/busybox", "/init", "guest-fill")) or "/" in name for *_, name in ranges)
            words = (files / f"task/{task['pid']}/cmdline").read_bytes()
            assert words.endswith(b"\0") and words.strip(b"\0")
            registers = (files / f"task/{task['pid']}/registers").read_text()
            user = dict(line.split() for line in registers.split("[user]\n")[1].splitlines())
            # where it left user space is code of it, and its stack pointer is memory of it
            assert any(start <= int(user["rip"], 16) < end and "x" in access for start, end, access, _ in ranges)
            assert any(start <= int(user["rsp"], 16) < end for start, end, *_ in ranges)


def test_in_the_background(work):
    dump = dumps.get("idle")
    folder = work / "background"
    folder.mkdir()
    done = subprocess.run([program.kdump_command().resolve(), "mount", os.path.relpath(dump.vmcore, work), "background"],
                          capture_output=True, text=True, check=False, cwd=work, timeout=60)
    assert done.returncode == 0 and not done.stderr
    try:
        assert (folder / "dmesg").read_bytes()
        with open("/proc/self/mounts", encoding="utf-8") as table:
            fields, = (line.split() for line in table if line.split()[1] == str(folder))
        assert fields[2] == "fuse.kdump" and "ro" in fields[3].split(",")
        with pytest.raises(OSError):
            (folder / "dmesg").write_text("no")
        with open(folder / "oldmem", "rb"):
            busy = subprocess.run([program.kdump_command(), "umount", folder], capture_output=True, text=True, check=False)
            assert busy.returncode == 1 and "--lazy" in busy.stderr
        twice = subprocess.run([program.kdump_command(), "mount", dump.vmcore, folder], capture_output=True, text=True, check=False)
        assert twice.returncode == 1 and twice.stderr.startswith(f"kdump: {folder}: a dump is mounted there already\nkdump: hint: ")
        assert f"kdump umount {folder}" in twice.stderr and (folder / "dmesg").read_bytes()
    finally:
        kdump("umount", folder)
    assert not os.listdir(folder)
    again = subprocess.run([program.kdump_command(), "umount", folder], capture_output=True, text=True, check=False)
    assert again.returncode == 1 and "no dump is mounted there" in again.stderr


def test_after_its_program_was_killed(work):
    """The folder is of no use until it is unmounted, which is said, and can be done."""
    dump, folder = dumps.get("idle"), work / "killed"
    folder.mkdir()
    process = subprocess.Popen([program.kdump_command(), "mount", "-f", dump.vmcore, folder])
    try:
        while not os.path.ismount(folder):
            assert process.poll() is None
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait(30)
    again = subprocess.run([program.kdump_command(), "mount", dump.vmcore, folder], capture_output=True, text=True, check=False)
    assert again.returncode == 1 and "something is mounted there whose program has ended" in again.stderr
    hint = again.stderr.splitlines()[1]
    assert hint == f"kdump: hint: take it away first: kdump umount {folder}"
    kdump("umount", folder)
    assert not os.listdir(folder)


@pytest.mark.parametrize("what, said", [("missing", "No such file"), ("file", "Not a directory"), ("full", "not empty")])
def test_says_why_not(what, said, work):
    place = work / f"refused-{what}"
    if what == "full":
        (place / "x").mkdir(parents=True)
    elif what == "file":
        place.touch()
    done = subprocess.run([program.kdump_command(), "mount", dumps.get("idle").vmcore, place], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and said in done.stderr and "hint:" in done.stderr
    assert not os.path.ismount(place)


def test_without_fuse(work):
    (work / "nowhere").mkdir()
    done = subprocess.run(["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev && exec "$0" "$@"',
                           program.kdump_command(), "mount", dumps.get("idle").vmcore, work / "nowhere"],
                          capture_output=True, text=True, check=False)
    if done.stderr.startswith("unshare: ") or "permission denied" in done.stderr:
        pytest.skip(f"no namespace of mounts of its own: {done.stderr.strip()}")
    assert done.returncode == 1 and "/dev/fuse: No such file" in done.stderr and "modprobe fuse" in done.stderr


def test_damaged_dumps(saved, work):
    """Cut off, and overwritten here and there: errors, and the process lives."""
    whole = saved(dumps.get("idle"), "zstd", 31).read_bytes()
    for number in range(6):
        damaged = bytearray(whole[:len(whole) * (number + 1) // 7] if number % 2 else whole)
        state = number + 1
        for _ in range(2000 if number > 1 else 0):
            state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
            # not the headers: it is to be opened
            damaged[(1 << 20) + (state >> 20) % (len(damaged) - (1 << 20))] = state >> 11 & 255
        (work / "damaged").write_bytes(damaged)
        with mounted(work / "damaged", work / "dir") as files:
            subprocess.run(f"cd {files.folder} && find . -type f -size -64M -not -name mem -exec cat {{}} + | md5sum; "
                           "head -c 100M vmcore | md5sum; head -c 100M vmcore-kern | md5sum; head -c 100M oldmem | md5sum",
                           shell=True, check=False, capture_output=True, timeout=300)
            assert files.process.poll() is None
        (work / "damaged").unlink()
