# SPDX-License-Identifier: GPL-2.0-or-later
"""The second kernel saves as kdump.conf says: filtered and compressed, with the CPUs and the memory that it has."""

import json
import subprocess

import pytest

from lab import program
from lab.kdump_file import INCOMPLETE, KdumpFile
from test_capture import MESSAGE, capture, kdump, load


def configured(crash_machine, dump="", machine_cpus=2, **capture_keys):
    machine = crash_machine(target="ext4", cpus=machine_cpus, files=program.kdump())
    machine.files["/etc/kdump.conf"] = machine.target.config(dump=dump, **capture_keys)
    return machine


def check(folder):
    """What every filtered dump must be; its manifest."""
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["complete"] is True, manifest["reason"]
    pages = manifest["pages"]
    assert pages["classified"] and pages["saved"] == pages["kept"] and not pages["unknown"]
    kdump("verify", folder)
    info = json.loads(kdump("info", "--json", folder))
    assert info["complete"] is True
    assert info["pages"]["saved"] == pages["saved"]
    assert info["pages"]["excluded"]["free"] == pages["kinds"]["free"]
    assert MESSAGE in kdump("log", folder)
    seconds = manifest["seconds"]
    assert all(seconds[stage] > 0 for stage in ("plan", "data", "sync")), seconds
    assert all(spent > 0 for spent in seconds["threads"].values()), seconds
    dump_steps = sum(step["seconds"] for step in manifest["steps"] if "dump" in step["name"])
    assert seconds["plan"] + seconds["data"] + seconds["sync"] <= dump_steps, seconds
    return manifest


@pytest.mark.parametrize("second_cpus", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_filters_by_default(crash_machine, second_cpus):
    machine = configured(crash_machine, machine_cpus=2, cpus=second_cpus)
    load(machine)
    folder = capture(machine, 0)
    manifest = check(folder)
    assert (manifest["format"], manifest["codec"], manifest["level"]) == ("kdump", "zstd", 31)
    assert manifest["pages"]["kept"] < manifest["pages"]["kinds"]["free"]
    # in all, mappings of old memory not counted: the bound that docs/save.md states
    peak = {step["name"]: step["peak_kib"] for step in manifest["steps"]}
    assert peak["dump"] < 16 << 10
    # and what src/report/report.h promises
    assert peak["report"] < 40 << 10
    assert f"Total of {second_cpus} processors activated" in machine.crash_console()
    print(f"{second_cpus} CPUs: peak KiB {peak}, lowest available "
          f"{manifest['memory_kib']['lowest_available']} KiB, {manifest['seconds']}")
    with KdumpFile(folder / "vmcore") as saved:
        assert not saved.status & INCOMPLETE
        assert sum(1 for _, page in saved.pages() if page is not None) == manifest["pages"]["saved"]


def test_next_level_on_a_full_target(crash_machine):
    """Level 1 does not fit, level 31 does: with what lay in CPUs' own lists of free pages, which no filter tells, as noise."""
    machine = configured(crash_machine, dump="level = 1,31\ncompress = lzo")
    load(machine)
    machine.guest.run("mkdir -p /mnt/full && mount /dev/lab/target /mnt/full && "
                      "fallocate -l $(( ($(stat -f -c '%f * %S' /mnt/full)) - (150 << 20) )) /mnt/full/filler && "
                      "umount /mnt/full; head -c 300000000 /dev/urandom >/tmp/noise", timeout=300)
    folder = capture(machine)
    manifest = check(folder)
    assert manifest["level"] == 31
    assert "trying again with level 31" in (folder / "capture.log").read_text()


@pytest.mark.slow
def test_makedumpfile_beside_it(crash_machine, tmp_path):
    """The same dump, captured by us in the format that Debian's makedumpfile reads: it filters nothing more."""
    machine = configured(crash_machine, dump="compress = zlib")
    load(machine)
    folder = capture(machine)
    check(folder)
    out = tmp_path / "again"
    done = subprocess.run(["makedumpfile", "-c", "-d", "31", folder / "vmcore", out], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    with KdumpFile(folder / "vmcore") as ours, KdumpFile(out) as theirs:
        assert bin(ours.bitmap ^ theirs.bitmap).count("1") <= 1
