# SPDX-License-Identifier: GPL-2.0-or-later
"""What kdump gdb and kdump gdbserver make of a command line, and gdb's functions of what the stub lists, without a dump."""
import os
import pathlib
import subprocess
import sys
import types

import pytest

FUNCTIONS = pathlib.Path(__file__).parents[2] / "src/cmd/gdb_functions.py"


@pytest.mark.parametrize("words, why", [
    (("gdb",), "exactly one DUMP"),
    (("gdb", "--", "-batch"), "exactly one DUMP"),
    (("gdb", "one", "two"), "gdb's arguments after --"),
    (("gdb", "--nonsense", "dump"), "no such option"),
    (("gdb", "--raw-input=x", "dump"), "not a hexadecimal address"),
    (("gdbserver",), "a DUMP is needed"),
    (("gdbserver", "dump", ":1", ":2"), "at most one place"),
    (("gdbserver", "--stdio", "dump", ":1"), "either a place to listen or --stdio"),
    (("gdbserver", "-x", "dump"), "no such option"),
    (("gdbserver", "dump", "127.0.0.1:99999"), "a port is a number up to 65535"),
    (("gdbserver", "dump", "[::1]:65536"), "a port is a number up to 65535"),
    (("gdbserver", "dump", ":-1"), "a port is a number up to 65535"),
    (("gdbserver", "dump", "127.0.0.1:"), "a port is a number up to 65535"),
])
def test_usage(kdump, words, why):
    done = kdump(*words)
    assert done.returncode == 2 and why in done.stderr and not done.stdout


@pytest.mark.parametrize("words", [("gdb",), ("gdbserver",), ("gdbserver", "--stdio")])
def test_no_dump(kdump, words, tmp_path):
    done = kdump(*words, str(tmp_path / "nothing"))
    assert done.returncode == 1 and "nothing: opening: No such file" in done.stderr and not done.stdout


# Does what gdb does with the commands that it is started with, and tells of them.
STAND_IN = r"""#!/bin/sh
for word; do
	case $word in
	"shell "*) sh -c "${word#shell }" ;;
	"source "*) cat "${word#source }" | while read -r what path; do echo "$what $(wc -c <"$path")"; done ;;
	*) echo "$word" ;;
	esac
done
"""


@pytest.mark.parametrize("broken", [False, True])
def test_symbols_are_made_meanwhile(kdump, tmp_path, broken):
    """gdb waits for them, and reads them whole; without, it does without, and it is said why."""
    core = tmp_path / "core"
    subprocess.run([os.environ["MADE_CORE"], core], check=True)
    if broken:  # its tables of symbols are somewhere else
        core.write_bytes(core.read_bytes().replace(b"SYMBOL(kallsyms_names)=", b"SYMBOL(kallsyms_nowhere"))
    (tmp_path / "gdb").write_text(STAND_IN)
    (tmp_path / "gdb").chmod(0o755)
    done = kdump("gdb", str(core), "--", "-batch", env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    said = done.stdout.splitlines()
    assert done.returncode == 0 and said[-1] == "-batch" and any(word.startswith("target remote | ") for word in said)
    files = [line.split() for line in said if line.startswith(("exec-file ", "symbol-file "))]
    if broken:
        assert not files and "gdb gets no symbols: " in done.stderr
    else:
        assert [what for what, _ in files] == ["exec-file", "symbol-file"] and "no symbols" not in done.stderr
        assert all(int(size) > 1024 for _, size in files), files


def test_who_runs(monkeypatch):
    """A process may call itself what it likes."""
    listed = """ THREAD     PID    PPID  CPU S TASK             RUNNING COMM
      1       0       0    0 R ffffffff81a00000 running swapper/0
      2      71       1    1 R ffff888000001000 running plain
      3      72       1    0 S ffff888000002000 -       evil (running)
      4      73       1    1 S ffff888000003000 -       running evil
"""
    gdb = types.ModuleType("gdb")
    gdb.Function = type("Function", (), {"__init__": lambda self, name: None})
    gdb.Command, gdb.COMMAND_RUNNING = type("Command", (), {"__init__": lambda self, name, kind: None}), 0
    gdb.execute = lambda command, to_string: listed
    monkeypatch.setitem(sys.modules, "gdb", gdb)
    known = {}
    exec(FUNCTIONS.read_text(), known)  # as gdb does it
    tasks = known["tasks"]()
    assert tasks.by_cpu == {0: 0xffffffff81a00000, 1: 0xffff888000001000}
    assert sorted(tasks.by_pid) == [0, 71, 72, 73] and sorted(tasks.by_thread) == [1, 2, 3, 4]
