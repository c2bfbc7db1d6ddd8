# SPDX-License-Identifier: GPL-2.0-or-later
"""What is foretold, and what comes true: the reservation, and the size of the dump."""

import json
import re

import pytest

from lab import LabError, program
from test_capture import capture, kdump, load

WORK = "head -c 60000000 /dev/urandom >/tmp/noise; cat /lib/modules/*/kernel/fs/*/*.ko* >/dev/null; "


def estimate(guest):
    return json.loads(guest.run("kdump estimate --json", timeout=120).output)


def captures(crash_machine, kernel, memory, crashkernel_mib):
    """(whether a panic gave a dump, what `kdump estimate` said before)"""
    machine = crash_machine(kernel, target="ext4", memory=memory, crashkernel=f"{crashkernel_mib}M",
                            files=program.kdump())
    try:
        load(machine)
        foretold = estimate(machine.guest)
        return (capture(machine, 0) / "vmcore").exists(), foretold
    except LabError:
        return False, None
    finally:
        machine.close()


def doctor(guest):
    """(exit status, {check: finding} of what is not ok)"""
    done = guest.run("kdump doctor --json", check=False, timeout=120)
    findings = json.loads(done.output)["findings"]
    return done.status, {finding["check"]: finding for finding in findings if finding["result"] != "ok"}


def problems(guest):
    """{check: sentence} of the problems"""
    code, findings = doctor(guest)
    found = {name: finding["sentence"] for name, finding in findings.items() if finding["result"] == "problem"}
    assert code == bool(found)
    assert all(findings[name]["remedy"] for name in found)
    return found


@pytest.mark.slow
def test_doctor(crash_machine):
    """Clean after `kdump load`; then what is broken is named, and is over when it is mended."""
    machine = crash_machine(target="ext4", files=program.kdump())
    machine.boot()
    guest = machine.guest
    assert set(problems(guest)) == {"files", "loaded"}
    guest.run("kdump initramfs && kdump load --reuse-cmdline", timeout=120)
    code, findings = doctor(guest)
    assert code == 0 and all(finding["result"] == "note" for finding in findings.values()), findings
    assert "panic-on-oops" in findings and "target-space" not in findings

    guest.run("kdump disarm")
    changes = guest.run("kdump doctor --log-changes | grep -v ^note", check=False)
    assert changes.output.startswith("problem: loaded: ") and "kdump arm" in changes.output
    changes = guest.run("kdump arm && kdump doctor --log-changes")
    assert changes.output.splitlines()[-1].startswith("over: loaded: ")

    # a target that is full and cannot be written, and another image than the one that is loaded
    guest.run("mkdir -p /mnt/full && mount /dev/lab/target /mnt/full && "
              "fallocate -l $(( ($(stat -f -c '%f * %S' /mnt/full)) - (8 << 20) )) /mnt/full/filler; "
              "umount /mnt/full; blockdev --setro /dev/vdb; echo >>/var/lib/kdump/initrd-$(uname -r)", timeout=120)
    code, findings = doctor(guest)
    assert code == 1 and "initrd" in findings["stale"]["sentence"]
    assert findings["target-writable"]["result"] == "problem"
    assert findings["target-space"]["result"] == "problem" and "is full" in findings["target-space"]["sentence"]

    # one that is gone, when nothing can be loaded any more, and what is reserved is too little
    guest.run("sed -i 's/^device = .*/device = UUID=gone/' /etc/kdump.conf; kdump disarm; "
              "echo $((48 << 20)) >/sys/kernel/kexec_crash_size; echo 1 >/proc/sys/kernel/kexec_load_disabled")
    found = problems(guest)
    assert "UUID=gone" in found["target"] and "too small" in found["reservation"]
    assert {"load-limit", "loaded"} <= set(found)

    text = guest.run("kdump estimate").output
    assert re.search(r"Boot with: crashkernel=\d+M\n +or: crashkernel=\d+M, for stacks", text) and re.search(r"^ +31 +\d+ ", text, re.M)


@pytest.mark.slow
@pytest.mark.parametrize("memory", ["1G", "4G"])
@pytest.mark.parametrize("kernel", ["6.1-cloud", "6.12-cloud", "6.1"])
def test_reservation(crash_machine, kernel, memory):
    """What is recommended works; 15 % less does not: so the smallest that works lies between the two."""
    works, foretold = captures(crash_machine, kernel, memory, 128)
    assert works
    recommended = foretold["reservation"]["recommend_bytes"] >> 20
    works, again = captures(crash_machine, kernel, memory, recommended)
    assert works
    # the smaller reservation is estimated alike
    assert abs(again["reservation"]["recommend_bytes"] - (recommended << 20)) <= 3 << 20
    less = int(recommended / 1.15)
    assert not captures(crash_machine, kernel, memory, less)[0]
    sums = {name: value >> 10 for name, value in foretold["reservation"]["sums"].items()}
    print(f"{kernel}, {memory}: {less}M fails, {recommended}M works; sums in KiB {sums}")


@pytest.mark.slow
@pytest.mark.parametrize("kernel,codec", [("6.1-cloud", "zstd"), ("6.12-cloud", "lzo")])
def test_dump_size(crash_machine, tmp_path, kernel, codec):
    """A dump of level 1, and what is left of it at the other levels, are as large as was foretold."""
    machine = crash_machine(kernel, target="ext4", files=program.kdump())
    machine.files["/etc/kdump.conf"] = machine.target.config(dump=f"level = 1\ncompress = {codec}")
    load(machine)
    # To estimate takes 100 MB of memory itself, which is free afterwards, but no longer zero: in this small
    # guest that counts. The first run leaves memory as the second one will.
    machine.guest.run(f"{WORK} kdump estimate >/dev/null; sleep 3", timeout=120)
    foretold = estimate(machine.guest)["dump"]
    assert foretold["sampled"], foretold
    folder = capture(machine, 0)
    pages = json.loads((folder / "manifest.json").read_text())["pages"]
    for kind, number in pages["kinds"].items():
        if number > 4000:
            assert foretold["kinds"][kind]["pages"] == pytest.approx(number, rel=0.2), kind
    vmcore = folder / "vmcore"
    for level in (1, 3, 5, 9, 17, 31):
        smaller = tmp_path / f"level{level}"
        if level == 1:
            smaller = vmcore
        else:
            kdump("save", "-q", "-d", str(level), "-c", codec, vmcore, smaller)
        size = smaller.stat().st_size
        said = foretold["levels"][level]
        print(f"{kernel}, {codec}, level {level}: {said['disk_bytes'] >> 10} KiB foretold, {size >> 10} KiB")
        assert said["disk_bytes"] == pytest.approx(size, rel=0.2), level
