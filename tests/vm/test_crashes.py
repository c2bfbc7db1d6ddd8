# SPDX-License-Identifier: GPL-2.0-or-later
"""Crashes that nobody asked for: what a report says of them, and that one is made whatever is broken."""

import json
import re

import pytest

from lab import dumps, program
from test_capture import kdump, load

KERNELS = ["6.1-cloud", pytest.param("6.12-cloud", marks=pytest.mark.slow)]


def physical(machine, *names):
    """Where symbols of the guest's kernel lie in its memory."""
    found = dict(reversed(line.split()[::2]) for line in
                 machine.guest.output(f"grep -E ' (_text|{'|'.join(names)})$' /proc/kallsyms").splitlines())
    code = int(re.search(r"([0-9a-f]+)-[0-9a-f]+ : Kernel code", machine.guest.output("cat /proc/iomem")).group(1), 16)
    return [int(found[name], 16) - int(found["_text"], 16) + code for name in names]


def finish(machine, crashing, timeout=120):
    """Lets it crash, and gives the crash folder and the report in it."""
    machine.end_at_reset()
    machine.qmp.events.clear()
    machine.crashed_at = machine.console.position()
    crashing()
    machine.wait_second_kernel(timeout)
    machine.qmp.monitor("block_set_io_throttle in 0 0 0 0 0 0")
    assert machine.wait_reset(600) == "guest-reset"
    folder = machine.crash_folder()
    return folder, json.loads((folder / "report.json").read_text())


def guilty_frames(ours):
    """Names of the functions on the stack of the CPU that panicked, and which of them were interrupted."""
    cpu, = (each for each in ours["cpus"] if each["cpu"] == ours["panic"]["cpu"])
    assert cpu["missing"] is None and all(frame["reliable"] for frame in cpu["frames"])
    names = [frame["symbol"] for frame in cpu["frames"]]
    assert None not in names
    return names, [number for number, frame in enumerate(cpu["frames"]) if frame["interrupted"]]


def machine_for(crash_machine, kernel="6.1-cloud", **options):
    machine = crash_machine(kernel, target="ext4", crashkernel="192M", **{"files": program.kdump(), **options})
    load(machine)
    return machine


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
def test_null_pointer(crash_machine, kernel):
    """The table of sysrq's keys leads nowhere for one of them: its kernel goes there."""
    machine = machine_for(crash_machine, kernel)
    table, = physical(machine, "sysrq_key_table")
    machine.guest.run("echo 1 >/proc/sys/kernel/panic_on_oops")
    with machine.qemu.gdb() as memory:
        memory.write(table + 8 * (10 + ord("y") - ord("a")), (8).to_bytes(8, "little"))
    _, ours = finish(machine, lambda: machine.guest.send("taskset -c 1 sh -c 'echo y >/proc/sysrq-trigger'\n"))
    assert ours["kind"] == "null-pointer"
    assert ours["panic"]["cause"] == "BUG: kernel NULL pointer dereference, address: 0000000000000018"
    assert re.match(r"The kernel went through a NULL pointer in __handle_sysrq\(\), on CPU 1 in process \d+ \(sh\), ", ours["sentence"])
    assert ours["signature_text"].startswith("null-pointer: __handle_sysrq < write_sysrq_trigger < proc_reg_write < vfs_write")
    names, interrupted = guilty_frames(ours)
    # an oops saves the registers that it was called with: the stack begins where it went wrong
    assert interrupted == [0] and names[0].split(".")[0] == "__handle_sysrq"
    assert "vfs_write" in names and names[-1].startswith("entry_SYSCALL_64")
    assert ours["missing"] == []


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
def test_nmi(crash_machine, kernel):
    """An NMI has a stack of its own: it is followed to what was interrupted."""
    machine = machine_for(crash_machine, kernel)
    machine.guest.run("echo 1 >/proc/sys/kernel/unknown_nmi_panic")
    _, ours = finish(machine, lambda: machine.qmp.execute("inject-nmi"))
    assert ours["kind"] == "nmi" and ours["panic"]["message"].endswith("NMI: Not continuing")
    assert "NMI received for unknown reason" in ours["panic"]["cause"]
    assert ours["sentence"].startswith("The hardware reported an error by NMI, on CPU ")
    assert any("suspect the hardware" in hint for hint in ours["hints"])
    names, (first, below) = guilty_frames(ours)
    # the registers that were saved at the panic, and those of what the NMI came into
    assert first == 0 and {"exc_nmi", "unknown_nmi_error"} <= {name.split(".")[0] for name in names[:below]}
    assert "do_idle" in names[below:]


@pytest.mark.slow
def test_hung_task(crash_machine):
    """Who waits for a disk that does not answer, and who waits for those; the kernel names one of them."""
    crowd = program.build_folder() / "tests/vm/guest-crowd"
    machine = machine_for(crash_machine, files={**program.kdump(), dumps.CROWD: crowd})
    machine.qmp.monitor("block_set_io_throttle in 1 0 0 0 0 0")
    machine.guest.run("dd if=/dev/lab/in of=/dev/null bs=4096 count=1 skip=8192 iflag=direct 2>/dev/null")
    machine.guest.run(f"setsid {dumps.CROWD} 0 1 /dev/lab/in >/tmp/gathered 2>&1 &")
    machine.guest.run("for try in $(seq 120); do grep -q ready /tmp/gathered && exit 0; sleep 1; done; exit 1", timeout=180)
    _, ours = finish(machine, lambda: machine.guest.send(
        "cd /proc/sys/kernel; echo 1 >hung_task_panic; echo 10 >hung_task_timeout_secs; echo 2 >hung_task_check_interval_secs\n"))
    assert ours["kind"] == "hung-task" and ours["panic"]["comm"] == "khungtaskd"
    named = re.fullmatch(r"INFO: task (.+):(\d+) blocked for more than \d+ seconds\.", ours["panic"]["cause"])
    assert ours["blocked"][0]["pid"] == int(named.group(2))
    assert re.match(r"A task was blocked for longer than the kernel is told to bear in \w+\(\), in process "
                    rf"{named.group(2)} \({re.escape(named.group(1))}\), as CPU {ours['panic']['cpu']} noticed, ", ours["sentence"])
    for what, lock in ("mutex", "mutex"), ("rwsem", "rw_semaphore"):
        assert any(re.fullmatch(rf"{what}-waiter \(\d+\) waits for {lock} 0x[0-9a-f]+ held by {what}-holder \(\d+\), "
                                r"which sleeps in \w+\(\)", hint) for hint in ours["hints"])


def task_links():
    """Where a struct task_struct of 6.1-cloud keeps what leads to others."""
    members = json.loads(kdump("type", "--json", dumps.get("idle").vmcore, "task_struct"))["members"]
    return {name: next(member["offset"] for member in members if member.get("name") == name) for name in ("tasks", "pid")}


@pytest.mark.slow
def test_circle_of_tasks(crash_machine):
    """
    The list of tasks goes round in a circle of blocked ones: nobody is missing in the report, and the dump is whole. The
    signature is that of the same crash on another CPU.
    """
    offsets = task_links()
    machine = crash_machine(target="ext4", crashkernel="192M", files=program.kdump())
    machine.files["/etc/kdump.conf"] = machine.target.config(step_timeout=120)
    load(machine)
    first, base = physical(machine, "init_task", "page_offset_base")
    machine.qmp.monitor("block_set_io_throttle in 1 0 0 0 0 0")
    machine.guest.run("for n in 1 2 3; do dd if=/dev/lab/in of=/dev/null bs=4096 count=9 skip=$((n * 8192)) iflag=direct 2>/dev/null & done; "
                      "sleep 1000 >/dev/null 2>&1 & sleep 1")
    wanted = [int(pid) for pid in machine.guest.output("pidof dd").split()]
    with machine.qemu.gdb() as memory:
        number = lambda at, size=8: int.from_bytes(memory.read(at, size), "little")  # noqa: E731
        mapping, found, at = number(base), {}, number(first + offsets["tasks"])
        for _ in range(1000):
            task = at - mapping - offsets["tasks"]
            if not 0 <= task < 1 << 30:
                break
            pid = number(task + offsets["pid"], 4)
            if pid in wanted:
                found[pid] = at
            at = number(task + offsets["tasks"])
        assert sorted(found) == sorted(wanted) and len(found) == 3
        ends = [found[pid] for pid in sorted(found)]
        memory.write(ends[1] - mapping, ends[0].to_bytes(8, "little"))
    folder, ours = finish(machine, lambda: machine.guest.send("taskset -c 0 sh -c 'echo c >/proc/sysrq-trigger'\n"))
    steps = {step["name"]: step for step in json.loads((folder / "manifest.json").read_text())["steps"]}
    assert ours["kind"] == "requested" and (folder / "report.txt").read_text().startswith("Somebody asked for this crash")
    assert steps["report"]["error"] is None and "report without symbols" not in steps
    gap, = (gap for gap in ours["missing"] if gap.startswith("tasks: "))
    assert re.match(r"tasks: all \d+ were found, but", gap)
    assert sum(1 + task["more"] for task in ours["blocked"] if task["comm"] == "dd") == 3
    other = json.loads(kdump("report", "--json", dumps.get("idle").vmcore))
    assert (ours["panic"]["cpu"], other["panic"]["cpu"]) == (0, 1) and ours["signature"] == other["signature"]
    assert steps["dump"]["error"] is None
    assert json.loads((folder / "manifest.json").read_text())["complete"] is True
    kdump("verify", folder / "vmcore")
