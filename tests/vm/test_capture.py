# SPDX-License-Identifier: GPL-2.0-or-later
"""End to end: a Debian kernel loads the second one, panics, is captured, and the guest reboots."""

import json
import subprocess

import pytest

from lab import markers, oracles, program
from lab.core import Core, registers_of_cpus

MESSAGE = "sysrq: Trigger a crash"
BZIMAGE = "/boot/vmlinuz-$(uname -r)"
VMLINUX = "/boot/vmlinux-$(uname -r)"


def kdump(*words):
    """The output of the built kdump, run here."""
    done = subprocess.run([program.kdump_command(), *words], capture_output=True, text=True,
                          errors="replace", timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def load(machine, options=""):
    """Boots the guest and arms it; gives the status that kdump tells."""
    machine.boot()
    guest = machine.guest
    guest.run("kdump initramfs", timeout=120)
    guest.run(f"kdump load --reuse-cmdline {options}", timeout=120)
    status = guest.run("kdump status --json", check=False)
    assert status.status == 0, status.output
    return json.loads(status.output)


def capture(machine, cpu=None):
    """Panics it and waits for the reset; the crash folder's path here."""
    if machine.target.type in ("ext4", "raw"):
        machine.end_at_reset()
    machine.panic(cpu)
    machine.wait_second_kernel()
    assert machine.wait_reset() == "guest-reset"
    return machine.crash_folder()


def check_folder(folder, cpus):
    """What every crash folder must be."""
    names = {path.name for path in folder.iterdir()}
    assert {"dmesg.txt", "report.txt", "report.json", "vmcore", "capture.log", "manifest.json"} <= names
    assert "vmcore.incomplete" not in names
    assert json.loads((folder / "manifest.json").read_text())["complete"] is True
    assert MESSAGE in (folder / "dmesg.txt").read_text(errors="replace")
    vmcore = folder / "vmcore"
    assert oracles.readelf_registers_count(vmcore) == cpus
    stacks = {registers["rsp"] for registers in registers_of_cpus(vmcore)}
    assert len(stacks) == cpus  # each CPU's own, not one of them several times
    info = json.loads(kdump("info", "--json", vmcore))
    assert info["cpus"] == cpus
    assert MESSAGE in kdump("log", vmcore)
    kdump("verify", vmcore)


def check_markers(vmcore, marked):
    with Core(vmcore) as core:
        for paddr, index in marked.items():
            assert core.read(paddr, markers.PAGE_BYTES) == markers.content(index), hex(paddr)


def crash_and_check(machine, options="", cpu=None):
    load(machine, options)
    marked = markers.start(machine.guest)
    folder = capture(machine, cpu)
    check_folder(folder, machine.options["cpus"])
    check_markers(folder / "vmcore", marked)
    return folder


@pytest.fixture
def kdump_machine(crash_machine):
    def make(kernel="6.1-cloud", **options):
        options.setdefault("target", "ext4")
        return crash_machine(kernel, files={**program.kdump(), **markers.files()}, **options)
    return make


# by segments from a bzImage is how nearly all other tests load, and one of those below from a vmlinux
WAYS = [(BZIMAGE, "file", "qemu64")]
MORE_WAYS = [(VMLINUX, "segments", "max"), (BZIMAGE, "segments", "max"), (BZIMAGE, "segments", "qemu64"), (VMLINUX, "segments", "qemu64"), (BZIMAGE, "file", "max")]


@pytest.mark.parametrize("kernel,method,cpu", WAYS + [pytest.param(*way, marks=pytest.mark.slow) for way in MORE_WAYS])
def test_captures(kdump_machine, kernel, method, cpu):
    crash_and_check(kdump_machine(cpu=cpu), f"--kernel {kernel} --method {method}")


@pytest.mark.slow
def test_captures_through_efi(kdump_machine):
    machine = kdump_machine(efi=True)
    crash_and_check(machine)
    assert "efi: EFI v" in machine.console.text()
    assert "efi: EFI v" in machine.crash_console()


@pytest.mark.slow
def test_captures_memory_above_4_gib(kdump_machine):
    machine = kdump_machine(memory="5G")
    folder = crash_and_check(machine)
    assert any(paddr >= 4 << 30 and file_bytes for paddr, _, file_bytes, _ in
               oracles.readelf_loads(folder / "vmcore"))


@pytest.mark.slow
def test_captures_from_above_4_gib(kdump_machine):
    """The second kernel itself lies above 4 GiB, beside a small reservation below."""
    machine = kdump_machine(memory="5G", crashkernel="128M,high crashkernel=64M,low")
    status = load(machine)
    assert status["reservation"]["bytes"] >= 128 << 20
    assert all(int(place["address"], 16) >= 4 << 30 for place in status["record"]["segments"])
    folder = capture(machine)
    check_folder(folder, machine.options["cpus"])
    assert any(paddr >= 4 << 30 and file_bytes for paddr, _, file_bytes, _ in
               oracles.readelf_loads(folder / "vmcore"))


@pytest.mark.parametrize("cpus,panics_on", [pytest.param(1, 0, marks=pytest.mark.slow), (4, 3)])
def test_captures_every_cpu(kdump_machine, cpus, panics_on):
    machine = kdump_machine(cpus=cpus)
    folder = crash_and_check(machine, f"--kernel {VMLINUX} --method segments", panics_on)
    assert json.loads(kdump("info", "--json", folder / "vmcore"))["panic"]["cpu"] == panics_on


@pytest.mark.parametrize("method", ["segments", pytest.param("file", marks=pytest.mark.slow)])
def test_captures_6_12(kdump_machine, method):
    """A CPU and a memory module come after the load: the kernel itself brings the core header up to date (since 6.6)."""
    machine = kdump_machine("6.12-cloud", cpus=3, memory="1G,slots=1,maxmem=2G", append="maxcpus=2")
    assert load(machine, f"--method {method}")["kernel_follows_hotplug"]
    assert machine.guest.output("cat /sys/devices/system/cpu/online") == "0-1"
    machine.hotplug_memory()
    machine.bring_online(cpu=2)
    assert json.loads(machine.guest.output("kdump status --json"))["stale"] == []
    marked = markers.start(machine.guest)
    folder = capture(machine, cpu=2)
    check_folder(folder, cpus=3)
    check_markers(folder / "vmcore", marked)
    assert json.loads(kdump("info", "--json", folder / "vmcore"))["panic"]["cpu"] == 2
    assert (4 << 30, 256 << 20) in [(paddr, file_bytes) for paddr, _, file_bytes, _ in oracles.readelf_loads(folder / "vmcore")]


@pytest.mark.slow
def test_captures_the_regular_kernel(kdump_machine):
    crash_and_check(kdump_machine("6.1", crashkernel="192M"))


SLOW = pytest.mark.slow


@pytest.mark.parametrize("target", [pytest.param("xfs", marks=SLOW), pytest.param("btrfs", marks=SLOW), pytest.param("vfat", marks=SLOW), pytest.param("raw", marks=SLOW)])
def test_captures_to(kdump_machine, target):
    crash_and_check(kdump_machine(target=target))
