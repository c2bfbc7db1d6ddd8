# SPDX-License-Identifier: GPL-2.0-or-later
"""The package's maintainer scripts, with programs that only say how they were called."""
import os
import pathlib
import subprocess

import pytest

FOLDER = pathlib.Path(os.environ["KD_SOURCE_ROOT"]) / "debian"
STAMP = "/var/lib/systemd/timers/stamp-kdump-doctor.timer"


@pytest.fixture
def script(tmp_path):
    def run(name, *arguments, systemd=True, fails=()):
        """(exit status, standard error, [call, …]); calls that start with one of `fails` fail."""
        programs, called, booted = tmp_path / "bin", tmp_path / "called", tmp_path / "systemd"
        programs.mkdir(exist_ok=True)
        called.write_text("")
        if systemd:
            booted.mkdir(exist_ok=True)
        cases = "".join(f'"{one}"*) exit 1 ;;\n' for one in fails)
        for program in ("kdump", "rm", "systemctl"):
            (programs / program).write_text(f'#!/bin/sh\necho "{program} $*" >>{called}\n'
                                            f'case "{program} $*" in\n{cases}*) exit 0 ;;\nesac\n')
            (programs / program).chmod(0o755)
        text = (FOLDER / f"kdump.{name}").read_text().replace("/run/systemd/system", str(booted))
        done = subprocess.run(["/bin/sh", "-s", *arguments], input=text, capture_output=True, text=True, check=False,
                              timeout=60, env={"PATH": str(programs)})
        return done.returncode, done.stderr, called.read_text().splitlines()
    return run


def test_an_upgrade_reads_the_new_units_before_anything_runs(script):
    code, said, called = script("postinst", "configure", "0.1")
    assert (code, said) == (0, "")
    assert called.index("systemctl daemon-reload") < called.index("kdump refresh")
    assert script("postinst", "configure", "0.1", fails=["systemctl daemon-reload", "kdump refresh"])[0] == 0


def test_without_systemd_nobody_reloads(script):
    assert "systemctl daemon-reload" not in script("postinst", "configure", "0.1", systemd=False)[2]


def test_a_purge_takes_what_it_can(script):
    code, said, called = script("postrm", "purge")
    words = {word for call in called if call.startswith("rm ") for word in call.split()}
    assert (code, said) == (0, "") and {"/var/lib/kdump", "/etc/kdump.conf.d", STAMP} <= words
    assert not any("/var/crash" in word for word in words)
    # as where that is a mount point
    code, said, called = script("postrm", "purge", fails=["rm -rf /var/lib/kdump"])
    assert code == 0 and "warning" in said and "/var/lib/kdump" in said
    assert any(STAMP in call for call in called)
