# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that a hypervisor took from outside of a living guest: QEMU's own cores, with and without paging, and bare."""

import json
import re
import struct
import subprocess

import pytest

from lab import oracles, program
from lab.core import Core
from test_capture import kdump
from test_mount import mounted, read_at, why_not
from test_symfile import threads_of

PIECE = 1 << 20
LOW_BYTES = 640 << 10
MEMORY_BYTES = 1 << 30
STACK_BYTES = 16 << 10  # of a task, in the kernel
USER_CPU = 2  # of the guest that panics


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
        machine.qmp.save_physical(0, MEMORY_BYTES, forms["bare"])
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
    """
    A guest that panicked with no crash kernel, and stands, one CPU idle and one in user space before: QEMU's core, its memory
    bare, its registers; and {physical address: file} of what the core has of above that memory.
    """
    from lab import kernels
    from lab.machine import Machine
    work = tmp_path_factory.mktemp("stopped")
    with Machine(kernels.get("6.1-cloud"), work / "machine", crashkernel=None, cpus=3, files={}) as machine:
        machine.boot()
        machine.guest.run("setsid taskset 4 sh -c 'while :; do :; done' >/dev/null 2>&1 &")
        machine.guest.run("echo 600 >/proc/sys/kernel/panic; (sleep 2; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &")
        machine.qemu.wait_console("Rebooting in 600 seconds", 60)
        machine.qmp.stop()
        machine.qmp.dump_guest_memory(work / "core", paging=False)
        machine.qmp.save_physical(0, MEMORY_BYTES, work / "bare")
        above = {paddr: work / f"{paddr:x}" for paddr, *_ in oracles.readelf_loads(work / "core") if paddr >= MEMORY_BYTES}
        for paddr, _, _, size in oracles.readelf_loads(work / "core"):
            if paddr in above:
                machine.qmp.save_physical(paddr, size, above[paddr])
        registers = machine.qmp.registers()
        machine.discard()
    yield work / "core", work / "bare", registers, above


def test_cpus_that_a_panic_stopped(stopped):
    """They are no longer online, but were; QEMU's notes have what they are at, and a stack what they were at before."""
    core, bare, outside, _ = stopped
    rips = [cpu["RIP"] for cpu in outside]
    whole = {stack["cpu"]: stack for stack in json.loads(kdump("bt", "-a", "--json", core))}
    assert len(whole) == 3 and [int(whole[cpu]["frames"][0]["pc"], 16) for cpu in range(3)] == rips
    for cpu in json.loads(kdump("regs", "--json", core)):
        said = outside[cpu["cpu"]]
        names = {name.lower(): name for name in said if name[0] == "R" and name != "RFL"}
        assert len(names) == 17
        assert {name: int(cpu["registers"][name], 16) for name in names} == {name: said[names[name]] for name in names}
        assert int(cpu["registers"]["eflags"], 16) == said["RFL"]
    panicked, = (cpu for cpu, stack in whole.items() if stack["comm"] == "sh" and cpu < 2)
    other = 1 - panicked
    assert "sysrq_handle_crash" in [frame["symbol"] for frame in whole[panicked]["frames"]]
    assert "stop_this_cpu" == whole[other]["frames"][0]["symbol"] and whole[other]["missing"] is None
    part = {stack["cpu"]: stack for stack in json.loads(kdump("bt", "-a", "--json", "--raw-input", bare))}
    frames = [frame["pc"] for frame in part[other]["frames"]]
    assert frames and part[other]["missing"] is None
    assert [frame["pc"] for frame in whole[other]["frames"]][-len(frames):] == frames
    assert part[other]["frames"][0]["interrupted"]
    assert part[panicked]["missing"] == f"CPU {panicked} left no registers"
    registers, of_user = json.loads(kdump("regs", "--json", "--raw-input", bare))
    assert registers["cpu"] == other and registers["source"] == "interrupt" and registers["registers"]["rip"] == frames[0]
    # who was in user space stopped on its own stack, with all of them at the end of it
    assert whole[USER_CPU]["frames"][-2]["symbol"] == "sysvec_reboot" and whole[USER_CPU]["user"]
    assert of_user["cpu"] == USER_CPU and of_user["source"] == "interrupt" and of_user["pid"] == whole[USER_CPU]["pid"]
    stack = int(json.loads(kdump("type", "--json", core, "task_struct.stack", whole[USER_CPU]["task"]))["value"], 16)
    words = struct.unpack("<21Q", subprocess.run([program.kdump_command(), "mem", "--raw", "-n", "168", core, f"{stack + STACK_BYTES - 168:#x}"],
                                                 capture_output=True, check=True).stdout)
    names = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss").split()
    assert [int(of_user["registers"][name], 16) for name in names] == list(words)
    assert words[16] >> 47 == 0 and words[17] == 0x33
    assert part[USER_CPU]["frames"] == [] and part[USER_CPU]["user"] and part[USER_CPU]["missing"] is None


def test_control_registers(stopped):
    """What QEMU's notes alone have: the page tables each CPU was at, as gdb shows them."""
    core, _, outside, _ = stopped
    commands = [word for cpu in range(len(outside)) for command in (f"thread {cpu + 1}", "info registers cr0 cr2 cr3 cr4")
                for word in ("-ex", command)]
    done = subprocess.run([program.kdump_command(), "gdb", "--debug-folder", "/nowhere", core, "--", "-nx", "-batch", *commands],
                          capture_output=True, text=True, check=True, timeout=120)
    said = re.findall(r"^(cr\d) +0x([0-9a-f]+) ", done.stdout, re.M)
    assert [(name, int(value, 16)) for name, value in said] == [
        (name.lower(), cpu[name]) for cpu in outside for name in ("CR0", "CR2", "CR3", "CR4")] and len(outside) == 3


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
def test_all_of_its_memory(stopped, tmp_path):
    """Every byte of RAM in oldmem, the first 640 KiB among them, is the one that QEMU has there."""
    core, bare, _, above = stopped
    compared = 0
    with mounted(core, tmp_path / "dir") as files, Core(core) as segments, open(files / "oldmem", "rb") as oldmem:
        ranges = [(start, length) for start, length, _ in segments.loads]
        assert any(start == 0 and length >= LOW_BYTES for start, length in ranges)
        for start, length in ranges:
            file = above.get(start, bare)
            with open(file, "rb") as truth:
                for at in range(0, length, PIECE):
                    size = min(PIECE, length - at)
                    want = read_at(truth, at if start in above else start + at, size)
                    assert read_at(oldmem, start + at, size) == want, hex(start + at)
            compared += length if start not in above else 0
    # all but what lies between 640 KiB and 1 MiB
    assert compared >= MEMORY_BYTES - (384 << 10)


# A CPU that needs thunks for its returns, too (arch/x86/kernel/cpu/common.c, cpu_vuln_blacklist).
THUNK_CPU = "max,vendor=AuthenticAMD,family=23,model=49"
STEPS = 4  # through a thunk, and out of it


@pytest.fixture(scope="module", params=["6.1-cloud", pytest.param("6.12-cloud", marks=pytest.mark.slow)])
def thunks(request, tmp_path_factory):
    """{thunk: (where it begins, where its caller goes on, [cores of a CPU within it, an instruction apart])}"""
    from lab import kernels
    from lab.machine import Machine
    work, found = tmp_path_factory.mktemp("thunks"), {}
    with Machine(kernels.get(request.param), work / "machine", crashkernel=None, cpu=THUNK_CPU, cpus=1, memory="256M",
                 append="spectre_v2=retpoline", files={}) as machine:
        machine.boot()
        machine.guest.run("setsid sh -c 'while :; do cat /proc/self/stat; done' >/dev/null 2>&1 &")
        for thunk in ("srso_return_thunk", "__x86_indirect_thunk_rax"):
            at = int(machine.guest.output(f"grep ' {thunk}$' /proc/kallsyms").split()[0], 16)
            cores = [work / f"{thunk}-{step}" for step in range(STEPS)]
            # asked for a dump, QEMU once says that the guest was stopped, and the next step is none
            said = machine.qemu.debug(f"hbreak *{at:#x}", "continue", "x/gx $rsp", "delete",
                                      *(command for core in cores
                                        for command in (f"monitor dump-guest-memory {core}", "stepi", "stepi")))
            word, = re.findall(r"^0x\w+:\t0x(\w+)$", said, re.M)
            found[thunk] = at, int(word, 16), cores
        machine.discard()
    yield found
    for *_, cores in found.values():
        for core in cores:
            core.unlink()


@pytest.mark.parametrize("thunk", ["srso_return_thunk", "__x86_indirect_thunk_rax"])
def test_thunks(thunks, thunk, tmp_path):
    """Who jumped there is the caller, as the debugger outside saw it, wherever in the thunk the CPU is; for gdb, too."""
    at, caller, cores = thunks[thunk]
    places, behind = set(), []
    for core in cores:
        stack, = json.loads(kdump("bt", "-a", "--json", core))
        pcs = [int(frame["pc"], 16) for frame in stack["frames"]]
        if caller not in pcs[1:3]:  # it has left
            continue
        places.add(pcs[0])
        behind.append(pcs[pcs.index(caller):])
        assert stack["missing"] is None
        symbols = tmp_path / core.name
        subprocess.run([program.kdump_command(), "symfile", "-o", symbols, core], check=True)
        (theirs, why), = threads_of(symbols, core, tmp_path)
        assert why == "outermost" and [pc for pc, _ in theirs][:len(pcs)] == pcs
    assert at in places and len(places) > 1, places
    assert all(pcs == behind[0] for pcs in behind) and len(behind[0]) > 4
