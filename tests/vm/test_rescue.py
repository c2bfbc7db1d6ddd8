# SPDX-License-Identifier: GPL-2.0-or-later
"""The rescue shell of the second kernel: old memory as files, there and then."""

import hashlib
import re
import time

import pytest

from lab import markers, oracles, program
from lab.core import Core
from test_capture import kdump, load
from test_mount import PIECE, pieces, read_at
from test_truth import LOW_BYTES, MEMORY_BYTES, PAGE, plant

ASKED = "brings a rescue shell"
EVERY = 16


class Shell:
    """A shell on the guest's serial console."""

    def __init__(self, machine, keyboard):
        self.machine, self.keyboard, self.count = machine, keyboard, 0

    def run(self, command, timeout=120):
        """What it prints."""
        self.count += 1
        since = self.machine.console.position()
        # the echo of the line, folded by the shell, has no number right behind the words
        self.keyboard.line(f"echo BEGUN $(({self.count})); {command}; echo DONE $(({self.count}))")
        self.machine.qemu.wait_console(f"DONE {self.count}", timeout, since)
        text = self.machine.console.text(since).replace("\r", "")
        return text.partition(f"BEGUN {self.count}\n")[2].rpartition(f"DONE {self.count}")[0]


@pytest.fixture
def rescue_machine(crash_machine):
    def make(**capture):
        machine = crash_machine(target="ext4", files={**program.kdump(), **markers.files()}, crashkernel="160M")
        machine.files["/etc/kdump.conf"] = machine.target.config(dump="", **capture)
        return machine
    return make


def md5(data):
    return hashlib.md5(data).hexdigest()


def save_outside(machine, low):
    """
    The memory as QEMU has it while the second kernel waits, which writes to none of it but to its own and to the first
    640 KiB, which were moved away before.
    """
    path = machine.work / "outside.raw"
    machine.qmp.stop()
    machine.qmp.save_physical(0, MEMORY_BYTES, path)
    machine.qmp.cont()
    with open(path, "r+b") as memory:
        memory.write(low)
    return path


def copy_pieces(shell, view, size_bytes, to):
    """A piece of each EVERY, by dd, behind one another."""
    shell.run(f"for n in $(seq 0 {EVERY} {(size_bytes - 1) // PIECE}); do dd if={view} bs={PIECE} skip=$n count=1 2>/dev/null; "
              f"done >{to} && sync", timeout=300)


def compare_pieces(path, loads, outside):
    """How many bytes of them are what was there outside, by where the view has (paddr, bytes, offset)."""
    compared = start = 0
    with open(path, "rb") as copied:
        while data := copied.read(PIECE):
            for paddr, length, offset in loads:
                first, end = max(offset, start), min(offset + length, start + len(data))
                if first < end:
                    want = read_at(outside, paddr + first - offset, end - first)
                    assert data[first - start:end - start] == want, (path.name, hex(first))
                    compared += end - first
            start += EVERY * PIECE
    return compared


def assert_as_outside(folder, outside):
    """What dd took out of vmcore and oldmem, and cp as vmcore-kern: every byte."""
    with open(outside, "rb") as memory, Core(folder / "vmcore") as head, Core(folder / "kern") as kern:
        ranges = [(paddr, length, paddr) for paddr, length, _ in head.loads]
        assert compare_pieces(folder / "vmcore", head.loads, memory) > 32 << 20
        assert compare_pieces(folder / "oldmem", ranges, memory) > 32 << 20
        for paddr, data in pieces(kern):
            assert data == read_at(memory, paddr, len(data)), hex(paddr)
        assert sum(length for _, length, _ in kern.loads) > 20 << 20


def test_rescue_shell(rescue_machine):
    """dd of /dev/oldmem and cp of the views give what was there, as seen from outside; then the machine goes on."""
    machine = rescue_machine(rescue_timeout=60)
    load(machine, "--backup always")
    guest = machine.guest
    marked = markers.start(guest)
    end = max(int(last, 16) + 1 for last in re.findall(r"-([0-9a-f]+) : System RAM", guest.output("cat /proc/iomem")))
    low = plant(machine)
    machine.end_at_reset()
    with machine.qemu.keyboard() as keyboard:
        machine.panic()
        machine.wait_second_kernel()
        machine.qemu.wait_console(ASKED, 120, machine.crashed_at)
        keyboard.line("")
        machine.qemu.wait_console("rescue# ", 60, machine.crashed_at)
        outside = save_outside(machine, low)
        shell = Shell(machine, keyboard)
        assert md5(low) in shell.run(f"dd if=/dev/oldmem bs=4096 count={LOW_BYTES // PAGE} 2>/dev/null | md5sum")
        for paddr, index in sorted(marked.items())[::16]:
            assert md5(markers.content(index)) in shell.run(
                f"dd if=/dev/oldmem bs=4096 skip={paddr // PAGE} count=1 2>/dev/null | md5sum"), hex(paddr)
        # the core as the kernel has it, and its size
        sizes = shell.run("stat -c %s /proc/vmcore; stat -Lc %s /dump/vmcore /dev/oldmem").split()
        assert sizes[0] == sizes[1] and int(sizes[2]) == end
        copy_pieces(shell, "/dump/vmcore", int(sizes[1]), "/target/vmcore")
        copy_pieces(shell, "/dev/oldmem", end, "/target/oldmem")
        digests = re.findall(r"[0-9a-f]{32}", shell.run("for f in /proc/vmcore /dump/vmcore; do head -c 50000000 $f | md5sum; done"))
        assert len(digests) == 2 and digests[0] == digests[1] != md5(b"")
        assert "sysrq: Trigger a crash" in shell.run("grep sysrq: /dump/dmesg")
        assert "jobs" in shell.run("sleep 1000 & jobs | sed s/.*sleep.*/jobs/") and "no job control" not in machine.crash_console()
        keyboard.line("cp /dump/vmcore-kern /target/kern && sync; echo COPIED $?")
        machine.qemu.wait_console("COPIED 0", 120, machine.crashed_at)
        memory = shell.run("grep -E 'MemTotal|MemAvailable' /proc/meminfo")
        total, available = (int(number) for number in re.findall(r"(\d+) kB", memory))
        print(f"second kernel: {total} KiB, {available} available after that")
        assert available > total // 2
        keyboard.line("exit")
        assert machine.wait_reset() == "guest-reset"
    assert "final action: reboot" in machine.crash_console()
    folder = machine.crash_folder()
    machine.target.extract("", machine.work / "target")
    kern = machine.work / "target/kern"
    stacks = kdump("bt", "-A", "--json", folder / "vmcore")
    assert kdump("bt", "-A", "--json", kern) == stacks and "sysrq_handle_crash" in stacks
    assert oracles.readelf_registers_count(kern) == 2
    assert_as_outside(machine.work / "target", outside)
    outside.unlink()


@pytest.mark.slow
def test_nobody_asks(rescue_machine):
    """The machine goes on by itself, and the shell's programs were not even started."""
    machine = rescue_machine(rescue_timeout=3)
    load(machine)
    machine.end_at_reset()
    machine.panic()
    machine.wait_second_kernel()
    assert machine.wait_reset() == "guest-reset"
    text = machine.crash_console()
    assert f"Enter within 3 s {ASKED}" in text and "rescue shell on" not in text and "rescue# " not in text


@pytest.mark.slow
def test_shell_as_final_action(rescue_machine):
    """Without being asked; what was typed before the dump was whole does not matter."""
    machine = rescue_machine(final_action="shell")
    load(machine)
    machine.end_at_reset()
    with machine.qemu.keyboard() as keyboard:
        machine.panic()
        machine.wait_second_kernel()
        machine.qemu.wait_console("rescue# ", 180, machine.crashed_at)
        assert "vmcore" in Shell(machine, keyboard).run("ls /target/var/crash/*")
        time.sleep(2)
        keyboard.line("exit")
        assert machine.wait_reset() == "guest-reset"
    assert ASKED not in machine.crash_console()
