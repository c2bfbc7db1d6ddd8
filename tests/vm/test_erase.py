# SPDX-License-Identifier: GPL-2.0-or-later
"""What kdump save --erase finds by the kernel's own symbols and types, against drgn with its debug information."""

import json
import subprocess

import pytest

from lab import dumps, oracles, program
from lab.core import Core
from lab.kdump_file import PAGE_BYTES

NAMES = "task_struct.comm@init_task.tasks:tasks"
COMMAND_LINE = "char*@saved_command_line"
SCRIPT = """
for task in list(for_each_task(prog)) + [prog["init_task"].address_of_()]:
    if task.pid == task.tgid:
        print("comm", task.comm.address_of_().value_(), bytes(task.comm).hex())
line = prog["saved_command_line"]
print("line", line.value_(), prog.read(line, 16).hex())
"""


def erased(source, out, *specs):
    options = [word for spec in specs for word in ("--erase", spec)]
    subprocess.run([program.kdump_command(), "save", "--quiet", "--level", "0", "--format", "elf", *options, source, out],
                   check=True, timeout=600)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["idle"])
def test_names_and_command_line(name, tmp_path):
    dump = dumps.get(name)
    vmlinux = dump.kernel.debug_vmlinux()
    out = erased(dump.vmcore, tmp_path / "out", NAMES, COMMAND_LINE)
    before, after = (oracles.drgn(vmlinux, core, SCRIPT).splitlines() for core in (dump.vmcore, out))
    assert [line.split()[:2] for line in before] == [line.split()[:2] for line in after]
    assert len(before) > 30
    assert all(line.endswith("58" * 16) for line in after), after
    assert not any("5858" in line for line in before)
    said = json.loads(subprocess.run([program.kdump_command(), "info", "--json", out], capture_output=True,
                                     check=True).stdout)["erased"]
    names = sum(line.startswith("comm") for line in before)
    assert said[0] == f"erase {NAMES} size {16 * names}"
    size = int(said[1].removeprefix(f"erase {COMMAND_LINE} size "))
    differ = set()
    with Core(dump.vmcore) as source, Core(out) as saved:
        for paddr, bytes_, _ in saved.loads:
            for at in range(paddr, paddr + bytes_, PAGE_BYTES):
                count = min(PAGE_BYTES, paddr + bytes_ - at)
                a, b = source.read(at, count), saved.read(at, count)
                if a != b:
                    differ |= {at + i for i in range(count) if a[i] != b[i]}
                    assert all(b[i] == ord("X") for i in range(count) if a[i] != b[i])
    # a few bytes of what was erased may have been an X before
    assert 0.9 * (16 * names + size) < len(differ) <= 16 * names + size


@pytest.mark.parametrize("name", ["idle", "6.12"])
@pytest.mark.parametrize("spec, bytes_", [
    ("task_struct.cred.user.uid@init_task", 4), ("cred@init_cred", None), ("module.name@modules:list", None)])
def test_finds_it(name, spec, bytes_):
    done = subprocess.run([program.kdump_command(), "save", "-n", "--erase", spec, dumps.get(name).vmcore],
                          capture_output=True, text=True, check=True)
    size = int(done.stdout.splitlines()[-1].removeprefix(f"erase {spec} size "))
    assert size == bytes_ if bytes_ else size > 100


@pytest.mark.parametrize("spec, says", [
    ("nothing_like_that", "the kernel has no symbol nothing_like_that"),
    ("task_struct.nothing@init_task", "task_struct has no member nothing"),
    ("task_struct.pid*@init_task", "pid is no pointer"),
    ("nothing@init_task", "BTF has no nothing"),
    ("task_struct@", "names no symbol"),
    ("linux_banner", "how large it is cannot be told"),
])
def test_what_cannot_be_found_saves_nothing(spec, says, tmp_path):
    done = subprocess.run([program.kdump_command(), "save", "--erase", spec, dumps.get("idle").vmcore, tmp_path / "out"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("kdump: --erase: ") and says in done.stderr
    assert not (tmp_path / "out").exists()
