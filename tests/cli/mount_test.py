# SPDX-License-Identifier: GPL-2.0-or-later
"""What kdump mount and kdump umount refuse, before anything is mounted."""
import os

import pytest


@pytest.mark.parametrize("arguments, said", [
    ([], "a DUMP and a DIR are needed"),
    (["dump"], "a DUMP and a DIR are needed"),
    (["--excluded", "maybe", "dump", "dir"], "'maybe'"),
    (["--cache", "0", "dump", "dir"], "'0' is no number of bytes"),
    (["--cache", "-1", "dump", "dir"], "no number of bytes"),
    (["--cache", "1P", "dump", "dir"], "no number of bytes"),
    (["--cache", "99999999999G", "dump", "dir"], "no number of bytes"),
    (["--raw-input=x", "dump", "dir"], "hexadecimal address"),
    (["--nothing", "dump", "dir"], "no such option"),
])
def test_command_lines_that_make_no_sense(kdump, arguments, said):
    result = kdump("mount", *arguments)
    assert result.returncode == 2 and said in result.stderr


@pytest.mark.parametrize("what, said, hint", [("missing", "No such file or directory", "mkdir"),
                                              ("file", "Not a directory", "empty folder"),
                                              ("full", "not empty", "empty folder")])
def test_where_nothing_can_be_mounted(kdump, tmp_path, what, said, hint):
    (tmp_path / "full/x").mkdir(parents=True)
    (tmp_path / "file").touch()
    result = kdump("mount", "no-dump", tmp_path / what)
    assert result.returncode == 1
    first, second = result.stderr.splitlines()
    assert first.startswith("kdump: ") and said in first
    assert second.startswith("kdump: hint: ") and hint in second


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="/dev/fuse is not there")
def test_what_is_no_dump(kdump, tmp_path):
    (tmp_path / "dir").mkdir()
    (tmp_path / "text").write_text("no dump\n")
    for name, said in (("text", "not a dump"), ("nobody", "No such file")):
        result = kdump("mount", tmp_path / name, tmp_path / "dir")
        assert result.returncode == 1 and said in result.stderr


def test_where_nothing_is_mounted(kdump, tmp_path):
    result = kdump("umount", tmp_path)
    assert result.returncode == 1 and "no dump is mounted there" in result.stderr
    assert kdump("umount", tmp_path / "missing").returncode == 1
    assert kdump("umount").returncode == 2
    assert kdump("umount", "/").returncode == 1
