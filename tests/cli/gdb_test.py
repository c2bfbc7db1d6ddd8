# SPDX-License-Identifier: GPL-2.0-or-later
"""What kdump gdb and kdump gdbserver make of a command line, without a dump."""
import pytest


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
])
def test_usage(kdump, words, why):
    done = kdump(*words)
    assert done.returncode == 2 and why in done.stderr and not done.stdout


@pytest.mark.parametrize("words", [("gdb",), ("gdbserver",), ("gdbserver", "--stdio")])
def test_no_dump(kdump, words, tmp_path):
    done = kdump(*words, str(tmp_path / "nothing"))
    assert done.returncode == 1 and "nothing: opening: No such file" in done.stderr and not done.stdout
