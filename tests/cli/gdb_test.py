# SPDX-License-Identifier: GPL-2.0-or-later
"""What kdump gdb and kdump gdbserver make of a command line, and gdb's functions of what the stub lists, without a dump."""
import pathlib
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
