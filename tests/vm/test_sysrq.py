# SPDX-License-Identifier: GPL-2.0-or-later
"""What a living kernel printed of its tasks and CPUs on SysRq t and l, against what its dump tells: for kernels that drgn is too old for."""

import re

import pytest

from lab import dumps
from test_inspect import CROWD, kdump

pytestmark = pytest.mark.slow
DUMP = "crowd-6.12-small"
# who may have gone on since: what they are called for, and the guest's own shell
RESTLESS = ("kworker", "sh", "init", "rcu_", "jbd2", "ksoftirqd", "kpktgend")
# a frame, or what an exception in the kernel has interrupted
TRACE_LINE = re.compile(r"^(?: (\? )?|RIP: 0010:)([\w.]+)\+(0x[0-9a-f]+)/0x[0-9a-f]+(?: \[\w+\])?$")


@pytest.fixture(scope="module")
def printed():
    """The lines between the two requests and the end, without time and caller."""
    text = dumps.get(DUMP).said("said/tmp/sysrq")
    lines = [re.sub(r"^\[ *[\d.]+\](?:\[ *[TC]\d+\])? ?", "", line) for line in text.splitlines()]
    at = [number for number, line in enumerate(lines) if line.startswith("sysrq: Show ")]
    assert len(at) == 2
    return lines[at[0]:at[1]], lines[at[1]:]


def certain(lines):
    """[function+offset] of each trace, the kernel's guesses left out."""
    found = [TRACE_LINE.match(line) for line in lines]
    return [f"{match[2]}+{match[3]}" for match in found if match and not match[1]]


def ours_of(stack):
    return [f"{frame['symbol']}+{frame['offset']}" for frame in stack["frames"]]


def unwound_past_return_probe(ours, theirs):
    """
    What the kernel prints on SysRq t shows the address that a return probe put on the stack (its /proc/PID/stack does not);
    we know what was there.
    """
    differ = [number for number, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]]
    places = [kdump("sym", "--json", dumps.get(DUMP).vmcore, name)[0]["address"] for name in
              (theirs[differ[0]].split("+")[0], "arch_rethook_trampoline")]
    return len(ours) == len(theirs) and len(differ) == 1 and \
        int(places[0], 16) + int(theirs[differ[0]].split("+")[1], 16) == int(places[1], 16)


def test_every_task(printed):
    """State, parent and stack of all that slept on, the scheduler's own functions included."""
    heads = [number for number, line in enumerate(printed[1]) if re.match(r"task:.* state:", line)]
    ours = {task["pid"]: task for task in kdump("bt", "-A", "--json", dumps.get(DUMP).vmcore) if task["pid"]}
    parents = {task["pid"]: task["ppid"] for task in kdump("ps", "--json", dumps.get(DUMP).vmcore)}
    compared = {}
    for start, end in zip(heads, heads[1:] + [len(printed[1])]):
        name, state, pid, parent = re.match(r"task:(.*?) +state:(\S).* pid:(\d+) .*ppid:(\d+)", printed[1][start]).groups()
        task = ours.get(int(pid))
        # one of the kernel's own that ran just then sleeps again
        if name.startswith(RESTLESS) or task is None or state == "R" and name not in CROWD:
            continue
        assert name == task["comm"] and int(parent) == parents[int(pid)]
        if name in CROWD or not task["running"]:
            assert state == task["state"], name
        if state not in "RZ" and not task["running"]:
            stacks = ours_of(task), certain(printed[1][start:end])
            assert stacks[0] == stacks[1] or name == "in-accept" and unwound_past_return_probe(*stacks), name
            compared[name] = compared.get(name, 0) + 1
    for name, (state, count) in CROWD.items():
        assert state in "RZ" or compared[name] == count, name
    assert sum(compared.values()) > 210


def test_every_cpu(printed):
    """Where each CPU was, from what has not changed since: of the shell that asked, and of who spins in the kernel."""
    stacks = {}
    for line in printed[0]:
        if match := re.match(r"CPU: \d+ .*PID: \d+ Comm: (\S+)", line):
            current = stacks.setdefault(match[1], [])
        elif stacks:
            current.append(line)
    ours = {task["comm"]: ours_of(task) for task in kdump("bt", "-A", "--json", dumps.get(DUMP).vmcore)
            if task["running"] or task["comm"] == "spin-kernel"}
    # two spin on the other CPU, and one of them was there; who did in user space has no stack in the kernel
    (other,) = set(stacks) - {"sh"}
    assert other in ("spin-kernel", "spin-user")
    for name, since in (("sh", "write_sysrq_trigger"), ("spin-kernel", "vfs_read"))[:1 + (other == "spin-kernel")]:
        theirs = certain(stacks[name])
        first = next(number for number, frame in enumerate(theirs) if frame.startswith(since))
        assert len(theirs[first:]) >= 4 and ours[name][-len(theirs[first:]):] == theirs[first:], name
