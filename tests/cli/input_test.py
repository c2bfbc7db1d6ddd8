# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that take a dump, on files that are none unless they are told so."""
import pytest


@pytest.fixture
def memory(tmp_path):
    path = tmp_path / "memory"
    path.write_bytes(bytes(4096) + b"found it".ljust(4096, b"\0"))
    return str(path)


@pytest.mark.parametrize("option, address", [("--raw-input", "1000"), ("--raw-input=0", "0x1000"),
                                             ("--raw-input=40000000", "40001000"),
                                             ("--raw-input=0x40000000", "40001000")])
def test_memory_at_its_base(kdump, memory, option, address):
    result = kdump("mem", option, "--physical", "--raw", "-n", "8", memory, address)
    assert (result.returncode, result.stdout) == (0, "found it")


def test_memory_outside_of_it(kdump, memory):
    result = kdump("mem", "--raw-input=1000", "--physical", memory, "800")
    assert result.returncode == 1 and "no RAM there" in result.stderr


def test_no_format_unless_asked(kdump, memory):
    result = kdump("mem", "--physical", memory, "1000")
    assert result.returncode == 1 and "not a dump" in result.stderr


@pytest.mark.parametrize("command", ["info", "log", "verify", "mem", "save"])
@pytest.mark.parametrize("base", ["", "x", "-1", "0x10000000000000000"])
def test_bases_that_are_none(kdump, memory, command, base):
    result = kdump(command, f"--raw-input={base}", memory, *["0"] * (command in ("mem", "save")))
    assert result.returncode == 2 and "hexadecimal address" in result.stderr


def test_base_within_a_page(kdump, memory):
    result = kdump("mem", "--raw-input=10", "--physical", memory, "10")
    assert result.returncode == 1 and "not at a page" in result.stderr


def test_no_kernel_in_it(kdump, memory):
    result = kdump("info", "--raw-input", memory)
    assert result.returncode == 1 and "no VMCOREINFO" in result.stderr
