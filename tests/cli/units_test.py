# SPDX-License-Identifier: GPL-2.0-or-later
"""The systemd units: as systemd reads them, and what they must and must not ask for."""
import os
import pathlib
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(os.environ["KD_SOURCE_ROOT"]) / "system"
NAMES = sorted(path.name.removesuffix(".in") for kind in ("*.service.in", "*.timer", "*.path") for path in FOLDER.glob(kind))


def text_of(name):
    for path in (FOLDER / name, FOLDER / f"{name}.in"):
        if path.exists():
            return path.read_text().replace("@bindir@/kdump", "/bin/true")
    raise FileNotFoundError(name)


def settings(name):
    """{"After": [word, …], …}, all sections together."""
    found = {}
    for line in text_of(name).splitlines():
        key, equal, value = line.partition("=")
        if equal and not line.startswith("#"):
            found.setdefault(key, []).extend(value.split())
    return found


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="without systemd")
def test_systemd_takes_them(tmp_path):
    for name in NAMES:
        (tmp_path / name).write_text(text_of(name))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *[tmp_path / name for name in NAMES]],
                          capture_output=True, text=True, check=False, timeout=60)
    assert not [line for line in done.stderr.splitlines() if "kdump" in line], done.stderr


def test_the_end_of_a_mount_does_not_disarm():
    """At shutdown /boot, /usr and /var go before the panic that may still come."""
    unit = settings("kdump.service")
    assert unit["DefaultDependencies"] == ["no"] and "ExecStop" in unit
    for key in ("Requires", "RequiresMountsFor", "BindsTo", "PartOf", "Requisite", "Conflicts"):
        assert key not in unit, key
    for place in ("boot", "usr", "var", "var-lib", "var-lib-kdump"):
        assert f"{place}.mount" in unit["After"] and f"{place}.mount" in unit["Wants"], place


def test_what_fails_is_tried_again_and_not_for_ever():
    unit = settings("kdump.service")
    assert unit["Restart"] == ["on-failure"] and int(unit["StartLimitBurst"][0]) > 1
    # 30 s between starts that may take 5 min each
    starts = int(unit["StartLimitBurst"][0])
    assert int(unit["StartLimitIntervalSec"][0].removesuffix("min")) * 60 > starts * 330
