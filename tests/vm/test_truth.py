# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in a dump, against what was in the machine, as seen from outside the guest."""

import json
import re
import shutil
import struct
import subprocess

import pytest

from lab import kernels, markers, oracles, program
from lab.core import Core, registers_of_cpus
from lab.machine import Machine
from test_capture import capture, kdump, load
from test_mount import mounted

PAGE = 4096
LOW_BYTES = 640 << 10
MEMORY_BYTES = 1 << 30
MAGIC = 0x6B64756D70726567  # guest-helper spin


class Crash:
    """One crash of a well-prepared guest: everything that the tests of this file compare."""

    def __init__(self, work):
        self.kernel = kernels.get("6.1-cloud")
        with Machine(self.kernel, work, target="ext4",
                     files={**program.kdump(), **markers.files()}) as machine:
            self.status = load(machine)
            guest = machine.guest
            self.marked = markers.start(guest)
            guest.run(f"setsid taskset -c 0 {markers.HELPER} spin >/tmp/spin 2>&1 &")
            guest.run("for try in $(seq 100); do test -s /tmp/spin && exit 0; usleep 100000; done; exit 1")
            self.loop = int(guest.output("cat /tmp/spin"), 16)
            self.release = guest.output("uname -r").strip()
            self.iomem = guest.output("cat /proc/iomem")
            self.tasks = dict(re.findall(r"^ *(\d+) (.*?) *$", guest.output(
                "for d in /proc/[0-9]*; do echo ${d#/proc/} $(cat $d/comm); done"), re.MULTILINE))
            self.image_bytes = int(guest.output("stat -c %s /var/lib/kdump/initrd-$(uname -r)"))
            # stopped where CPU 0 is in its loop, and not in the timer's interrupt
            for _ in range(50):
                machine.qmp.stop()
                self.qemu_registers = machine.qmp.registers()
                if self.qemu_registers[0]["RIP"] == self.loop:
                    break
                machine.qmp.cont()
            self.before = work / "before.raw"
            machine.qmp.save_physical(0, MEMORY_BYTES, self.before)
            machine.qmp.cont()
            self.folder = capture(machine, cpu=1)
            self.console = machine.crash_console()
        self.vmcore = self.folder / "vmcore"

    def range_of(self, name):
        start, last = re.search(rf"^ *([0-9a-f]+)-([0-9a-f]+) : {name}$", self.iomem, re.MULTILINE).groups()
        return int(start, 16), int(last, 16) + 1

    def page_before(self, paddr, size_bytes=PAGE):
        with open(self.before, "rb") as memory:
            memory.seek(paddr)
            return memory.read(size_bytes)


@pytest.fixture(scope="module")
def crash(tmp_path_factory):
    work = tmp_path_factory.mktemp("truth")
    yield Crash(work)
    shutil.rmtree(work, ignore_errors=True)


def different_pages(crash, vmcore, paddrs):
    with Core(vmcore) as core:
        return [paddr for paddr in paddrs if core.read(paddr, PAGE) != crash.page_before(paddr)]


def test_marker_pages(crash, tmp_path):
    assert not different_pages(crash, crash.vmcore, crash.marked)
    for paddr, index in crash.marked.items():
        assert crash.page_before(paddr) == markers.content(index)
    # and one byte would be seen
    copy = tmp_path / "vmcore"
    subprocess.run(["cp", "--sparse=always", crash.vmcore, copy], check=True)
    victim = sorted(crash.marked)[7]
    with Core(copy) as core:
        at = next(offset + victim - start for start, length, offset in core.loads if start <= victim < start + length)
    with open(copy, "r+b") as core:
        core.seek(at + 1000)
        byte = core.read(1)
        core.seek(at + 1000)
        core.write(bytes([byte[0] ^ 1]))
    assert different_pages(crash, copy, crash.marked) == [victim]


def test_marker_pages_of_oldmem(crash, tmp_path):
    with mounted(crash.vmcore, tmp_path / "files") as files, open(files / "oldmem", "rb") as oldmem:
        for paddr in crash.marked:
            oldmem.seek(paddr)
            assert oldmem.read(PAGE) == crash.page_before(paddr), hex(paddr)


def test_kernel_text(crash):
    start, end = crash.range_of("Kernel code")
    pages = range(start, end - PAGE + 1, PAGE)
    different = different_pages(crash, crash.vmcore, pages)
    # A static key that flips between the snapshot and the panic patches an instruction of 5 bytes; nothing else does.
    with Core(crash.vmcore) as core:
        for paddr in different:
            changed = [at for at, (old, new) in enumerate(zip(crash.page_before(paddr), core.read(paddr, PAGE)))
                       if old != new]
            assert len(changed) <= 10, f"{paddr:#x}: {len(changed)} bytes"
    assert len(different) <= len(pages) // 100, [hex(paddr) for paddr in different]


def test_backup_is_left_out_where_it_is_not_needed(crash):
    """--backup auto: this kernel has set all of the first 640 KiB aside."""
    assert crash.status["record"]["backup"] is False


def test_page_tables_of_an_idle_process(crash):
    """The table that maps the marker pages: found from outside by their addresses, whoever mapped them."""
    paddrs = [paddr for paddr, _ in sorted(crash.marked.items(), key=lambda item: item[1])]
    wanted = struct.pack("<64Q", *paddrs)
    tables = []
    with open(crash.before, "rb") as memory:
        paddr = 0
        while page := memory.read(PAGE):
            entries = struct.unpack("<512Q", page)
            addresses = struct.pack("<512Q", *(entry & 0x000FFFFFFFFFF000 for entry in entries)) \
                if paddrs[0] in (entry & 0x000FFFFFFFFFF000 for entry in entries) else b""
            if addresses and (wanted in addresses or wanted[:8 * 8] in addresses):
                tables.append(paddr)
            paddr += PAGE
    assert tables
    with Core(crash.vmcore) as core:
        for paddr in tables:
            assert core.read(paddr, PAGE) == crash.page_before(paddr)


def test_registers_of_every_cpu(crash):
    spinning, panicking = registers_of_cpus(crash.vmcore)
    outside = crash.qemu_registers[0]
    start, end = crash.range_of("Kernel code")
    text = next((vaddr, paddr) for paddr, vaddr, _, _ in oracles.readelf_loads(crash.vmcore)
                if vaddr >= 0xFFFFFFFF80000000)
    assert outside["RIP"] == crash.loop
    if spinning["cs"] & 3:
        assert spinning["rip"] == crash.loop
        for number in range(12, 16):
            assert spinning[f"r{number}"] == MAGIC + number == outside[f"R{number}"]
        assert spinning["rsp"] == outside["RSP"]
    else:  # the panic came while the timer's interrupt was handled
        assert start <= spinning["rip"] - text[0] + text[1] < end
    # the panicking CPU is in the kernel's text, which the core's own mapping places
    assert start <= panicking["rip"] - text[0] + text[1] < end
    info = json.loads(kdump("info", "--json", crash.folder))
    assert info["panic"]["cpu"] == 1
    report = json.loads((crash.folder / "report.json").read_text())
    assert int(report["cpus"][0]["registers"]["rip"], 16) == spinning["rip"]
    assert int(report["cpus"][1]["registers"]["rsp"], 16) == panicking["rsp"]


def test_commands_agree_with_the_guest(crash):
    info = json.loads(kdump("info", "--json", crash.folder))
    assert info["release"] == crash.release
    assert info["cpus"] == 2 and info["complete"] is True
    assert info["panic"]["comm"] == "sh"
    assert "sysrq" in info["panic"]["message"]
    assert "good    pages" in kdump("verify", crash.folder)
    for paddr, index in list(crash.marked.items())[:4]:
        done = subprocess.run([program.kdump_command(), "mem", crash.vmcore, hex(paddr), "--physical",
                               "-n", str(PAGE), "--raw"], capture_output=True, check=True)
        assert done.stdout == markers.content(index)


def test_log_as_makedumpfile_has_it(crash, tmp_path):
    # makedumpfile gives each record one prefix and indents its further lines; the kernel's console, and we,
    # give each line its own.
    theirs = oracles.makedumpfile_dmesg(crash.vmcore, tmp_path).splitlines()
    ours = kdump("log", crash.vmcore).splitlines()
    prefix = re.compile(r"^\[ *\d+\.\d+\] ")
    assert len(ours) == len(theirs)
    for our, their in zip(ours, theirs):
        assert our == their or prefix.sub(lambda match: " " * len(match.group()), our) == their
    assert "sysrq: Trigger a crash" in "\n".join(ours)


@pytest.mark.parametrize("damage", ["truncated", "header", "notes"])
def test_verify_sees_damage(crash, tmp_path, damage):
    copy = tmp_path / "vmcore"
    subprocess.run(["cp", "--sparse=always", crash.vmcore, copy], check=True)
    with open(copy, "r+b") as core:
        if damage == "truncated":
            core.truncate(crash.vmcore.stat().st_size - (64 << 20))
        elif damage == "header":
            core.seek(0x20)
            core.write(b"\xff" * 8)
        else:
            core.seek(0x1000)
            core.write(b"\xff" * 4096)
    done = subprocess.run([program.kdump_command(), "verify", copy], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout


def test_figures(crash, record_property, capsys):
    manifest = json.loads((crash.folder / "manifest.json").read_text())
    memory = manifest["memory_kib"]
    assert 0 < memory["lowest_available"] < memory["total"]
    with capsys.disabled():
        print(f"\n  1 GiB, 2 CPUs, -cpu max, crashkernel=128M: capture image {crash.image_bytes} bytes; "
              f"KiB at most: {({step['name']: step['peak_kib'] for step in manifest['steps']})}; second kernel "
              f"{memory['total']} KiB, lowest available {memory['lowest_available']} KiB")


def test_other_tools_open_it(crash, tmp_path):
    assert len(oracles.readelf_loads(crash.vmcore)) >= 3
    assert oracles.gdb_registers(crash.vmcore)[0]["rip"] == registers_of_cpus(crash.vmcore)[0]["rip"]
    small = oracles.makedumpfile_filter(crash.vmcore, tmp_path / "small", 31)
    assert 0 < small.stat().st_size < crash.vmcore.stat().st_size
    # and kdump reads what makedumpfile makes of it
    done = subprocess.run([program.kdump_command(), "verify", small], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    info = json.loads(subprocess.run([program.kdump_command(), "info", "--json", small], capture_output=True,
                                     check=True).stdout)
    assert info["level"] == 31 and info["compression"] == "zlib" and info["complete"] is True
    assert info["pages"]["excluded"]["free"] > 10000


def offset_of_kernel(vmcore):
    text = subprocess.run(["strings", "-n", "12", vmcore], capture_output=True, text=True, errors="replace",
                          check=True).stdout
    return int(re.search(r"^KERNELOFFSET=([0-9a-f]+)$", text, re.MULTILINE).group(1), 16)


def test_debuggers_with_symbols(crash):
    """gdb, drgn and crash, each with the debug package, which kdump itself never needs."""
    vmlinux = crash.kernel.debug_vmlinux()
    offset = offset_of_kernel(crash.vmcore)
    gdb = subprocess.run(["gdb", "-nx", "-batch", "-ex", f"core-file {crash.vmcore}", "-ex",
                          f"symbol-file {vmlinux} -o {offset:#x}", "-ex", "x/s linux_banner", "-ex",
                          "p init_uts_ns.name.release"], capture_output=True, text=True, timeout=300, check=False)
    assert f"Linux version {crash.release}" in gdb.stdout, gdb.stderr
    assert f'"{crash.release}' in gdb.stdout

    drgn = oracles.drgn(vmlinux, crash.vmcore,
                        "for task in for_each_task(prog):\n"
                        "    print(task.pid.value_(), task.comm.string_().decode())\n")
    tasks = dict(line.split(" ", 1) for line in drgn.splitlines() if " " in line)
    changing = re.compile(r"kworker/|^(sh|cat|ps|taskset|setsid|sync|ls)$")
    # /proc shows a kernel thread's full name, task_struct has 15 characters of it
    before = {(pid, comm[:15]) for pid, comm in crash.tasks.items() if not changing.search(comm)}
    after = {(pid, comm) for pid, comm in tasks.items() if not changing.search(comm) and pid != "0"}
    # threads are in drgn's list and not in /proc's folders
    assert before <= after
    assert {comm for _, comm in after - before} <= {comm for _, comm in before}

    crash_says = oracles.crash(vmlinux, crash.vmcore, "sys\nlog")
    assert crash.release in crash_says and "sysrq: Trigger a crash" in crash_says


def plant(machine):
    """Fills the first 640 KiB, but for the BIOS's own pages, with what nobody else writes; the whole, as it is then."""
    with machine.qemu.gdb() as memory:
        for paddr in range(PAGE, LOW_BYTES - PAGE, PAGE):
            memory.write(paddr, struct.pack("<512Q", *(0x6C6F77706C616E74 + paddr + word for word in range(512))))
    machine.qmp.stop()
    path = machine.work / "low.raw"
    machine.qmp.save_physical(0, LOW_BYTES, path)
    machine.qmp.cont()
    return path.read_bytes()


@pytest.mark.parametrize("backup", ["always", pytest.param("never", marks=pytest.mark.slow)])
def test_first_640_kib(crash_machine, backup, tmp_path):
    """
    With the backup they come out as they were, although the second kernel has run there; without it they do
    not, which shows that the test can tell.
    """
    machine = crash_machine(target="ext4", files=program.kdump())
    status = load(machine, f"--backup {backup}")
    assert status["record"]["backup"] is (backup == "always")
    before = plant(machine)
    folder = capture(machine)
    with Core(folder / "vmcore") as core:
        after = core.read(0, LOW_BYTES)
    different = [paddr for paddr in range(0, LOW_BYTES, PAGE)
                 if before[paddr:paddr + PAGE] != after[paddr:paddr + PAGE]]
    if backup == "always":
        assert not different, [hex(paddr) for paddr in different]
        with mounted(folder / "vmcore", tmp_path / "files") as files:
            assert (files / "oldmem").open("rb").read(LOW_BYTES) == before
    else:
        assert different


@pytest.mark.parametrize("segment", ["kernel", *(pytest.param(name, marks=pytest.mark.slow) for name in ("initrd", "boot parameters"))])
def test_a_flipped_byte_is_seen(crash_machine, segment):
    machine = crash_machine(target="ext4", files=program.kdump())
    status = load(machine)
    places = {place["name"]: int(place["address"], 16) for place in status["record"]["segments"]}
    paddr = places[segment] + 0x20
    with machine.qemu.gdb() as memory:
        byte = memory.read(paddr, 1)
        memory.write(paddr, bytes([byte[0] ^ 0x10]))
    machine.end_at_reset()
    machine.panic()
    machine.wait_reset()
    console = machine.crash_console()
    assert f"kdump: purgatory: the loaded {segment} was overwritten" in console
    digests = re.findall(r"kdump: purgatory: SHA-256 (?:when loaded|now +) ([0-9a-f]{64})", console)
    assert len(digests) == 2 and digests[0] != digests[1]
    assert "resetting" in console
    assert "Linux version" not in console and "elfcorehdr=" not in console
