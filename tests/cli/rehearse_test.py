# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump rehearse with a QEMU that only says what a guest would have said: how it is judged, and what it is asked for."""
import json
import os
import subprocess
from pathlib import Path

import pytest

KDUMP = os.environ["KDUMP"]
LINUX = "[    0.000000] Linux version 6.1.0-56-amd64\n"
BOOTED_TWICE = LINUX + "kdump: nothing yet\n" + LINUX
CRASH = {"path": "/target/x", "sentence": "Somebody asked for this crash.", "bytes": 5 << 20, "complete": True}
# Puts what stands in "NAME.said" in place of each serial port, and remembers how it was called.
QEMU = """#!/bin/sh
printf '%s\\n' "$@" >>"$SAYS/called"
for word; do
	case $word in
	file:*) name=${word##*/}; [ ! -e "$SAYS/$name" ] || cat "$SAYS/$name" >"${word#file:}" ;;
	esac
done
"""


class Stage:
    def __init__(self, folder):
        self.folder, self.says, self.bin = folder / "rehearsal", folder / "says", folder / "bin"
        for path in (self.folder, self.says, self.bin):
            path.mkdir()
        self.description = {
            "version": 2, "release": "6.1", "program": "/usr/bin/kdump", "command_line": "panic=10 \"a b\"",
            "method": "segments", "backup": False, "reserved_bytes": 192 << 20,
            "target": {"device": "UUID=6b64756d-7072-4567-8000-000000000001", "type": "ext4", "volume": "", "subvolume": "", "path": "/var/crash",
                       "free_bytes": 1 << 20, "read_only": False, "controller": "nvme"},
            "known": [], "unproven": ["the weather"]}
        (self.bin / "qemu-system-x86_64").write_text(QEMU)
        (self.bin / "qemu-system-x86_64").chmod(0o755)
        self.path = f"{self.bin}:{os.environ['PATH']}"
        self.says_of("panic", {"loaded": True}, BOOTED_TWICE)

    def says_of(self, role, answer, console=""):
        (self.says / f"{role}.answers").write_text(json.dumps(answer) + "\r\n")
        (self.says / f"{role}.console").write_text(console)

    def run(self, *options):
        (self.folder / "rehearsal.json").write_text(json.dumps(self.description))
        return subprocess.run([KDUMP, "rehearse", "-q", *options, self.folder], capture_output=True, text=True, check=False,
                              timeout=60, env={**os.environ, "PATH": self.path, "SAYS": str(self.says),
                                               "TMPDIR": str(self.folder.parent)})

    def result(self):
        done = self.run("--json")
        assert done.stdout, done.stderr
        result = json.loads(done.stdout)
        assert done.returncode == (0 if result["sound"] else 1)
        return result

    def called(self):
        return (self.says / "called").read_text().split("\n")


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def test_passes(stage):
    stage.says_of("look", {"crashes": [CRASH], "verified": True, "why": ""})
    assert stage.result() == {"sound": True, "passed": True, "why": "", "cause": CRASH["sentence"], "dump_bytes": 5 << 20,
                              "known": [], "unproven": ["the weather"]}
    text = stage.run().stdout
    assert text.startswith("passed: ") and "not proven:\n" in text and "the weather" in text
    # nothing of it stays
    assert sorted(path.name for path in stage.folder.parent.iterdir()) == ["bin", "rehearsal", "says"]


def test_what_is_known_counts(stage):
    stage.says_of("look", {"crashes": [CRASH], "verified": True, "why": ""})
    stage.description["known"] = ["stale: initrd changed"]
    result = stage.result()
    assert result["passed"] and not result["sound"] and result["known"] == ["stale: initrd changed"]


@pytest.mark.parametrize("console, reason", [
    ("Initramfs unpacking failed: invalid magic", "damaged"),
    ("Kernel panic - not syncing: No working init found.", "damaged"),
    ("Out of memory: Killed process 1 (init)", "out of memory"),
    ("virtio_blk: version magic '6.1' should be '6.12'", "another kernel"),
    ("kdump: vmcore: No space left on device", "full"),
    ("EXT4-fs (vda): write access unavailable, cannot proceed", "read-only"),
    ("Write protecting the kernel read-only data\nkdump: module a.ko: No such file\nkdump: target UUID=1: no such device\n"
     "kdump: final action: reboot", "kdump-capture: module a.ko: No such file; target UUID=1: no such device"),
    ("nothing in particular", "ended before it got to kdump-capture"),
])
def test_why_no_dump_came(stage, console, reason):
    stage.says_of("panic", {"loaded": True}, BOOTED_TWICE + console + "\n")
    stage.says_of("look", {"crashes": [], "verified": False, "why": ""})
    result = stage.result()
    assert not result["passed"] and reason in result["why"]


def test_the_second_kernel_never_came(stage):
    stage.says_of("panic", {"loaded": True}, LINUX + "Out of memory")
    stage.says_of("look", {"crashes": [], "verified": False, "why": ""})
    assert stage.result()["why"] == "the second kernel did not start"


def test_not_loaded(stage):
    stage.says_of("panic", {"loaded": False, "why": "48 MiB are too little"})
    assert stage.result()["why"] == "loading: 48 MiB are too little"
    stage.says_of("panic", {}, "")
    assert "did not get so far" in stage.result()["why"]


def test_dumps_that_are_no_good(stage):
    stage.says_of("look", {"crashes": [CRASH], "verified": False, "why": "vmcore: another digest"})
    assert "another digest" in stage.result()["why"]
    stage.says_of("look", {"crashes": [{**CRASH, "complete": False}], "verified": True, "why": ""})
    assert not stage.result()["passed"]


def test_the_guest_is_as_asked(stage):
    stage.description["target"]["read_only"] = True
    stage.says_of("look", {"crashes": [], "verified": False, "why": ""})
    kept = stage.folder.parent / "kept"
    stage.run("--emulate", "--keep", kept)
    called = stage.called()
    assert "nvme,serial=rehearsal,drive=target" in called and "tcg,thread=multi" in called and "1024M" in called
    assert any(word.endswith("target.img,readonly=on") for word in called)
    assert any("crashkernel=192M" in word and word.endswith("-- rehearse --inside panic") for word in called)
    with open(kept / "target.img", "rb") as disk:
        disk.seek(1024 + 0x68)  # s_uuid
        assert disk.read(16).hex() == "6b64756d707245678000000000000001"


def made_disk(stage):
    stage.says_of("look", {"crashes": [], "verified": False, "why": ""})
    kept = stage.folder.parent / "kept"
    stage.run("--keep", kept)
    assert not (kept / "volume.img").exists()
    return kept / "target.img"


def probe(disk, at=0):
    done = subprocess.run(["/sbin/blkid", "-p", "-O", str(at), "-o", "export", disk], capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


@pytest.mark.parametrize("identity, number", [("12345678-02", 2), ("6b64756d-7072-4567-8000-000000000007", 1)])
def test_stands_in_for_a_raw_partition(stage, identity, number):
    stage.description["target"].update(device=f"PARTUUID={identity}", type="raw", free_bytes=100 << 20)
    disk = made_disk(stage)
    done = subprocess.run(["/usr/bin/partx", "-b", "-g", "-r", "-o", "NR,START,SIZE,UUID", disk], capture_output=True, text=True, check=True)
    (found,) = [line.split() for line in done.stdout.splitlines() if line.split()[2] != "0"]
    assert found[0:2] == [str(number), "2048"] and found[3] == identity
    # the dump begins at 64 MiB
    assert 0 <= (164 << 20) - int(found[2]) < 1 << 20


def test_stands_in_for_a_logical_volume(stage):
    """Both layers are what others take them for, and the file system fills the volume."""
    stage.description["target"].update(volume="my-group/the-volume")
    disk = made_disk(stage)
    assert probe(disk)["TYPE"] == "LVM2_member"
    inside = probe(disk, 1 << 20)
    assert (inside["TYPE"], inside["UUID"]) == ("ext4", "6b64756d-7072-4567-8000-000000000001")
    subprocess.run(["/sbin/e2fsck", "-fn", f"{disk}?offset={1 << 20}"], capture_output=True, check=True)
    if Path("/sbin/lvm").exists():
        text = subprocess.run(["/sbin/lvm", "pvck", "--dump", "metadata", disk], capture_output=True, text=True, check=True).stdout
        assert "my-group {" in text and "the-volume {" in text


@pytest.mark.parametrize("device", ["/dev/vdb", "PARTUUID=12345678-05", "PARTUUID=1", "UUID=6b64756d-7072-4567-8000-000000000001"])
def test_raw_targets_without_a_stand_in(stage, device):
    stage.description["target"].update(device=device, type="raw")
    done = stage.run()
    assert done.returncode == 1 and f"no stand-in of type raw for {device}" in done.stderr


@pytest.mark.parametrize("key, value", [
    ("version", 1), ("release", None), ("command_line", 5), ("reserved_bytes", -1), ("backup", "no"), ("known", {}),
    ("program", "x" * 5000)])
def test_damaged_folders(stage, key, value):
    stage.description[key] = value
    done = stage.run()
    assert done.returncode == 1 and f"rehearsal.json: {key}" in done.stderr and not done.stdout


@pytest.mark.parametrize("key, value", [("volume", "no-group"), ("volume", None), ("subvolume", 1), ("type", "ext5"), ("device", "x" * 300)])
def test_damaged_targets(stage, key, value):
    stage.description["target"][key] = value
    done = stage.run()
    assert done.returncode == 1 and f"rehearsal.json: {key}" in done.stderr and not done.stdout


def test_what_cannot_be_run(stage):
    stage.path = "/nowhere"
    done = stage.run()
    assert done.returncode == 1 and "the package qemu-system-x86 has it" in done.stderr
    stage.folder /= "gone"
    done = subprocess.run([KDUMP, "rehearse", stage.folder], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1 and "No such file" in done.stderr


@pytest.mark.parametrize("words", [["-t", "0"], ["-t", "soon"], ["a", "b"], ["-o", "a", "b"], ["--inside", "panic"], ["--what"]])
def test_usage(words):
    done = subprocess.run([KDUMP, "rehearse", *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2 and done.stderr.startswith("kdump rehearse: ")
