# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that take a dump, on files that are none unless they are told so."""
import json
import re
import struct

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


def header(signature, start=None, end=0):
    """A kdump-compressed dump of 64 pages, all RAM and none saved; of a split set, those from start to end."""
    uts = b"".join(text.ljust(65, b"\0") for text in (b"Linux", b"box", b"2.6.9-made-up", b"#1", b"x86_64", b""))
    block = struct.pack("<8si390s6xqqIiiIIIIIIi", signature, 6, uts, 1200000000, 0, 0, 4096, 1, 2, 64, 0, 0, 0, 0, 1)
    sub = struct.pack("<QiiQQ6Q3Q", 0, 31, start is not None, start or 0, end, 0, 0, 0, 0, 0, 0, start or 0, end, 64)
    return b"".join(part.ljust(4096, b"\0") for part in (block, sub, b"\xff" * 8, bytes(8)))


def test_no_kernel_in_it(kdump, memory):
    """What can be said of it is said, and what is missing."""
    result = kdump("info", "--raw-input", memory)
    assert result.returncode == 0 and "2 in the machine, 2 saved" in result.stdout
    assert re.search(r"^missing: .*no VMCOREINFO", result.stdout, re.M)
    told = json.loads(kdump("info", "--json", "--raw-input", memory).stdout)
    assert told["release"] is None and told["panic"] is None and "no VMCOREINFO" in told["missing"]
    for command in ("log", "ps", "report"):
        result = kdump(command, "--raw-input", memory)
        assert result.returncode == 1 and "no VMCOREINFO" in result.stderr


def test_verify_without_notes(kdump, memory):
    checks = {check["check"]: check for check in json.loads(kdump("verify", "--json", "--raw-input", memory).stdout)["checks"]}
    assert checks["registers"]["verdict"] == "skipped" and "without notes" in checks["registers"]["detail"]
    assert checks["pages"]["verdict"] == "good"


def test_the_header_names_the_kernel(kdump, tmp_path):
    """DISKDUMP has no VMCOREINFO."""
    (tmp_path / "dump").write_bytes(header(b"DISKDUMP"))
    result = kdump("info", str(tmp_path / "dump"))
    assert result.returncode == 0, result.stderr
    for line in ("kernel:    2.6.9-made-up", "host:      box", "crashed:   2008-01-10T21:20:00Z",
                 "pages:     64 in the machine, 0 saved, 64 left out", "panic:     unknown"):
        assert line in result.stdout.splitlines()


@pytest.fixture
def members(tmp_path):
    """Three files of a split dump, of which names tell nothing."""
    for name, start, end in (("one", 0, 20), ("two", 20, 40), ("three", 40, 64)):
        (tmp_path / name).write_bytes(header(b"KDUMP   ", start, end))
    return [str(tmp_path / name) for name in ("two", "one", "three")]


def test_files_of_a_split_dump(kdump, members):
    whole = json.loads(kdump("info", "--json", *members).stdout)
    assert (whole["files"], whole["absent"], whole["complete"]) == (3, None, True)


def test_files_that_are_no_set(kdump, members, tmp_path):
    (tmp_path / "whole").write_bytes(header(b"KDUMP   "))
    result = kdump("info", members[0], str(tmp_path / "whole"))
    assert result.returncode == 1 and "whole" in result.stderr
    result = kdump("info", members[0], members[0])
    assert result.returncode == 1 and "both have page 0x14" in result.stderr
    assert kdump("info").returncode == 2
