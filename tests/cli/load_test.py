# SPDX-License-Identifier: GPL-2.0-or-later
"""What load, unload, arm and disarm refuse before they ask the kernel for anything."""
import os
import re
import shutil
import subprocess
import tempfile

import pytest


@pytest.mark.parametrize("arguments, says", [
    (("load", "--bogus"), "--bogus"),
    (("load", "-Z"), "no such option"),
    (("load", "--method", "magic"), "auto, file, segments"),
    (("load", "--method=segment"), "auto, file, segments"),
    (("load", "--backup", "often"), "auto, always, never"),
    (("load", "--kernel"), "needs a value"),
    (("load", "a", "b"), "one kernel"),
    (("load", "--kernel", "a", "b"), "named one already"),
    (("load", "--reuse-cmdline", "--command-line=x"), "choose one"),
    (("load", "-l", "/boot/vmlinuz"), "kexec -l"),
    (("load", "-e"), "on a panic only"),
    (("load", "--exec"), "on a panic only"),
    (("load", "--status"), "kdump status"),
    (("load", "--mem-min=0x1000"), "reservation"),
    (("load", "--dtb=x"), "does not"),
    (("arm", "now"), "not understood"),
    (("disarm", "--force"), "--force"),
    (("unload", "-p"), "-p"),
])
def test_usage(kdump, arguments, says):
    result = kdump(*arguments)
    assert result.returncode == 2, result
    what, usage = result.stderr.splitlines()
    assert what.startswith(f"kdump {arguments[0]}: ") and says in what
    assert usage.startswith(f"usage: kdump {arguments[0]}")
    assert not result.stdout


@pytest.mark.parametrize("command", ["load", "unload", "arm", "disarm", "status"])
def test_not_root(command):
    nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    # a place that nobody can read, unlike a checkout in a home of mode 0700
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(os.environ["KDUMP"], folder)
        shutil.copy(os.environ["KDUMP"] + "-machine", folder)
        result = subprocess.run([program, command], text=True, timeout=60, stdin=subprocess.DEVNULL,
                                capture_output=True, check=False, cwd="/", **nobody)
    assert result.returncode == 1
    assert re.fullmatch(rf"kdump: {command}: only root .*\n", result.stderr)


@pytest.mark.parametrize("command", ["load", "unload", "arm", "disarm", "status"])
def test_help(kdump, command):
    for option in ("--help", "-h"):
        result = kdump(command, option)
        assert result.returncode == 0 and result.stdout.startswith(f"usage: kdump {command}")


def test_alone(tmp_path):
    """Where dumps are only looked at, kdump-machine need not be."""
    program = shutil.copy(os.environ["KDUMP"], tmp_path)
    text = {command: subprocess.run([program, command], text=True, timeout=60, capture_output=True, check=False)
            for command in ("status", "--help", "frobnicate")}
    for command in ("status", "frobnicate"):
        assert text[command].returncode == 1 and not text[command].stdout
        assert text[command].stderr.startswith(f"kdump: {command}: ") and "kdump-machine" in text[command].stderr
    assert text["--help"].returncode == 0 and "  save " in text["--help"].stdout
