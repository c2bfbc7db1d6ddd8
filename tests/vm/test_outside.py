# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that a hypervisor took from outside of a living guest: QEMU's own cores, with and without paging, and bare."""

import json
import re
import subprocess

import pytest

from lab import program
from test_capture import kdump


def tasks_named_by(guest):
    said = guest.output("for task in /proc/[0-9]*; do cat $task/stat 2>/dev/null; done; true")
    named = {int(line.split()[0]): line[line.index("(") + 1:line.rindex(")")] for line in said.splitlines() if "(" in line}
    # /proc tells more of kernel threads than the 15 bytes of comm: a worker's last work, names in full (proc_task_name)
    return {pid: re.match("kworker/[^-+]*|.{0,15}", comm)[0] for pid, comm in named.items()}


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """
    {form: file}, taken while the guest stood still; {pid: comm} of the tasks it named both before and after; and what our
    own command said in the guest, of /proc/kcore.
    """
    from lab import kernels
    from lab.machine import Machine
    work = tmp_path_factory.mktemp("outside")
    forms = {"core": work / "core", "paging": work / "paging", "bare": work / "bare"}
    with Machine(kernels.get("6.1-cloud"), work / "machine", crashkernel=None, files=program.kdump()) as machine:
        machine.boot()
        machine.guest.run("modprobe qemu_fw_cfg; setsid sh -c 'exec tail -f /dev/null' >/dev/null 2>&1 & sleep 1")
        before = tasks_named_by(machine.guest)
        live = {command: machine.guest.output(f"kdump {command} /proc/kcore") for command in
                ("ps --json", "bt -A --json", "info --json", "log", "mods --json", "report", "mounts")}
        live["dmesg"] = machine.guest.output("dmesg")
        refused = machine.guest.output("kdump regs /proc/kcore 2>&1; true")
        machine.qmp.stop()
        for name, paging in (("core", False), ("paging", True)):
            machine.qmp.dump_guest_memory(forms[name], paging=paging)
        machine.qmp.save_physical(0, 1 << 30, forms["bare"])
        machine.qmp.cont()
        after = tasks_named_by(machine.guest)
        machine.discard()
    # what came or went meanwhile (this shell, workers of the kernel) proves nothing
    yield forms, {pid: comm for pid, comm in before.items() if after.get(pid) == comm}, {**live, "regs": refused}


@pytest.mark.parametrize("form, options", [("core", []), ("paging", []), ("bare", ["--raw-input"])])
def test_a_living_guest(outside, form, options):
    forms, named, _ = outside
    tasks = json.loads(kdump("ps", "--json", *options, forms[form]))
    ours = {task["pid"]: task["comm"] for task in tasks if not task["idle"]}
    assert ours[1] == named[1] and "tail" in ours.values() and len(named) > 30
    assert {pid: ours.get(pid) for pid in named} == named
    stacks = json.loads(kdump("bt", "-A", "--json", *options, forms[form]))
    tail = next(stack for stack in stacks if stack["comm"] == "tail")
    assert tail["missing"] is None and tail["frames"][0]["symbol"] == "__schedule" and tail["user"]
    assert "Linux version 6.1" in kdump("log", *options, forms[form])
    if form != "bare":
        # each CPU's registers, from QEMU's notes; on one of them at least nothing ran
        cpus = json.loads(kdump("bt", "-a", "--json", *options, forms[form]))
        assert len(cpus) == 2 and all(stack["missing"] is None for stack in cpus)
        assert any(frame["symbol"] == "do_idle" for stack in cpus for frame in stack["frames"])


def test_bare_memory_is_taken_for_nothing_else(outside):
    forms, *_ = outside
    done = subprocess.run([program.kdump_command(), "ps", forms["bare"]], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "not a dump" in done.stderr


def test_the_living_system_itself(outside):
    """/proc/kcore, read in the guest while it ran: tasks, their stacks, the log; no registers of CPUs that run."""
    _, named, live = outside
    ours = {task["pid"]: task["comm"] for task in json.loads(live["ps --json"]) if not task["idle"]}
    assert {pid: ours.get(pid) for pid in named} == named
    stacks = json.loads(live["bt -A --json"])
    tail = next(stack for stack in stacks if stack["comm"] == "tail")
    assert tail["missing"] is None and tail["frames"][0]["symbol"] == "__schedule" and tail["user"]
    running = [stack for stack in stacks if stack["running"]]
    assert running and all("living system" in stack["missing"] for stack in running)
    info = json.loads(live["info --json"])
    assert info["live"] and info["panic"] is None and info["pages"]["present"] > 200000
    assert live["dmesg"].startswith(live["log"]) or live["log"].startswith(live["dmesg"])
    assert json.loads(live["mods --json"]) and "ext4" in live["mounts"]
    assert live["report"].startswith("The log names no panic")
    assert live["regs"].count("living system") == 2


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A guest that panicked with no crash kernel, and stands: QEMU's core, its memory bare, and its registers."""
    from lab import kernels
    from lab.machine import Machine
    work = tmp_path_factory.mktemp("stopped")
    with Machine(kernels.get("6.1-cloud"), work / "machine", crashkernel=None, files={}) as machine:
        machine.boot()
        machine.guest.run("echo 600 >/proc/sys/kernel/panic; (sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &")
        machine.qemu.wait_console("Rebooting in 600 seconds", 60)
        machine.qmp.stop()
        machine.qmp.dump_guest_memory(work / "core", paging=False)
        machine.qmp.save_physical(0, 1 << 30, work / "bare")
        registers = machine.qmp.registers()
        machine.discard()
    yield work / "core", work / "bare", registers


def test_cpus_that_a_panic_stopped(stopped):
    """They are no longer online, but were; QEMU's notes have what they are at, and a stack what they were at before."""
    core, bare, outside = stopped
    rips = [cpu["RIP"] for cpu in outside]
    whole = {stack["cpu"]: stack for stack in json.loads(kdump("bt", "-a", "--json", core))}
    assert len(whole) == 2 and [int(whole[cpu]["frames"][0]["pc"], 16) for cpu in (0, 1)] == rips
    for cpu in json.loads(kdump("regs", "--json", core)):
        said = outside[cpu["cpu"]]
        names = {name.lower(): name for name in said if name[0] == "R" and name != "RFL"}
        assert len(names) == 17
        assert {name: int(cpu["registers"][name], 16) for name in names} == {name: said[names[name]] for name in names}
        assert int(cpu["registers"]["eflags"], 16) == said["RFL"]
    panicked, = (cpu for cpu, stack in whole.items() if stack["comm"] == "sh")
    other = 1 - panicked
    assert "sysrq_handle_crash" in [frame["symbol"] for frame in whole[panicked]["frames"]]
    assert "stop_this_cpu" == whole[other]["frames"][0]["symbol"] and whole[other]["missing"] is None
    part = {stack["cpu"]: stack for stack in json.loads(kdump("bt", "-a", "--json", "--raw-input", bare))}
    frames = [frame["pc"] for frame in part[other]["frames"]]
    assert frames and part[other]["missing"] is None
    assert [frame["pc"] for frame in whole[other]["frames"]][-len(frames):] == frames
    assert part[other]["frames"][0]["interrupted"]
    assert part[panicked]["missing"] == f"CPU {panicked} left no registers"
    registers, = json.loads(kdump("regs", "--json", "--raw-input", bare))
    assert registers["cpu"] == other and registers["source"] == "interrupt" and registers["registers"]["rip"] == frames[0]
