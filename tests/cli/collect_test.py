# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump collect on made-up raw devices and pstore folders; docs/raw-target.md, written once more."""
import hashlib
import json
import struct
import subprocess

import pytest

TIME = 1700000000
NAME = "web-2023-11-14T22-13-20Z"
REPORT = {"sentence": "It fell.", "signature": "a" * 32, "kind": "oops"}


def make_device(path):
    dump = bytes(range(256)) * 64
    texts = {"dmesg.txt": b"[ 1.0] it fell\n", "report.json": json.dumps(REPORT).encode(), "vmcore": dump}
    texts["manifest.json"] = json.dumps({
        "version": 2, "complete": True, "reason": None, "host": "web", "release": "6.1.0", "crash_time": TIME - 1,
        "files": {"vmcore": {"bytes": len(dump), "complete": True,
                             "sha256": hashlib.sha256(dump).hexdigest()}}}).encode()
    parts, at = b"", 4096
    with open(path, "wb") as device:
        for name, text in texts.items():
            offset = 64 << 20 if name == "vmcore" else at
            at += 4096
            device.seek(offset)
            device.write(text)
            parts += struct.pack("<32sQQII", name.encode(), offset, len(text), 1, 0)
        header = struct.pack("<8sIIQ72sII", b"KDUMPRAW", 1, 2, TIME, b"web", len(texts), 0) + parts.ljust(8 * 56, b"\0")
        device.seek(0)
        device.write(header + hashlib.sha256(header).digest())


def put_record(folder, name, kind, text, offset=0, total=None):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"kdump {kind} {TIME} {offset} {total or len(text)} {len(text)}\n{text}")


def collect(kdump, *arguments, status=0):
    result = kdump("collect", "--no-journal", "--json", *map(str, arguments))
    assert result.returncode == status, result.stderr
    return json.loads(result.stdout)


def test_raw_device(kdump, tmp_path):
    device, into = tmp_path / "disk", tmp_path / "crash"
    make_device(device)
    assert collect(kdump, "--from", device, "--into", into, "--keep")["collected"] == \
        [{"from": str(device), "name": NAME, "before": False}]
    assert collect(kdump, "--from", device, "--into", into)["collected"][0]["before"] is True
    assert collect(kdump, "--from", device, "--into", into)["collected"] == []
    crash, = json.loads(kdump("list", "--json", str(into)).stdout)["crashes"]
    assert crash["complete"] and crash["sentence"] == "It fell." and crash["time"] == TIME - 1
    assert (into / NAME / "vmcore").read_bytes() == bytes(range(256)) * 64


def test_damaged_raw_device(kdump, tmp_path):
    device, into = tmp_path / "disk", tmp_path / "crash"
    make_device(device)
    with open(device, "r+b") as file:
        file.seek((64 << 20) + 100)
        file.write(b"damage")
    collect(kdump, "--from", device, "--into", into)
    crash, = json.loads(kdump("list", "--json", str(into)).stdout)["crashes"]
    assert not crash["complete"] and "digest" in crash["reason"]
    with open(device, "r+b") as file:
        file.seek(40)
        file.write(b"damage")
    assert "digest" in kdump("collect", "--from", str(device), "--into", str(into)).stderr


def test_no_crash_on_it(kdump, tmp_path):
    device = tmp_path / "disk"
    device.write_bytes(b"\0" * 8192)
    result = kdump("collect", "--from", str(device), "--into", str(tmp_path / "crash"))
    assert result.returncode == 0 and "there is no crash on it" in result.stdout
    result = kdump("collect", "--from", str(tmp_path / "none"), "--into", str(tmp_path / "crash"))
    assert result.returncode == 1 and "No such file" in result.stderr


def test_a_whole_system(kdump, tmp_path):
    """By the configuration: raw device, pstore, and what systemd-pstore moved away; each is told of once."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/kdump.conf").write_text("[target]\ntype = raw\ndevice = /dev/vdb\n")
    (tmp_path / "dev").mkdir()
    make_device(tmp_path / "dev/vdb")
    log = "[ 1.0] it fell\n" * 10
    put_record(tmp_path / "sys/fs/pstore", "dmesg-efi-1", "log", log[50:], 50, len(log))
    put_record(tmp_path / "var/lib/systemd/pstore/170/001", "dmesg-efi-2", "log", log[:50], 0, len(log))
    summary = json.dumps({**REPORT, "host": "db", "why": "no such device"})
    put_record(tmp_path / "sys/fs/pstore", "dmesg-efi-3", "summary", summary)
    (tmp_path / "sys/fs/pstore/dmesg-efi-4").write_text("Panic#1 Part1\n<0>[ 1.0] not ours\n")
    done = collect(kdump, "--root", tmp_path, "--motd")
    other = NAME.replace("web", "db")
    assert [(crash["from"], crash["name"], crash["before"]) for crash in done["collected"]] == \
        [(str(tmp_path / "dev/vdb"), NAME, False), ("pstore", other, False)]
    assert done["news"] == [other, NAME]
    assert (tmp_path / "var/crash" / other / "dmesg.txt").read_text() == log
    assert [path.name for path in (tmp_path / "sys/fs/pstore").iterdir()] == ["dmesg-efi-4"]
    motd = (tmp_path / "run/motd.d/kdump").read_text()
    assert NAME in motd and "It fell." in motd
    again = collect(kdump, "--root", tmp_path)
    assert again["collected"] == [] and again["news"] == []
    text = kdump("list", "--root", str(tmp_path)).stdout
    assert "no such device" in text and text.count("the same as") == 2


@pytest.mark.parametrize("answer,told", [("yes", True), ("no", False)])
def test_message_of_the_day_by_configuration(kdump, tmp_path, answer, told):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/kdump.conf").write_text(f"[collect]\nmotd = {answer}\n")
    put_record(tmp_path / "sys/fs/pstore", "dmesg-efi-1", "log", "it fell\n")
    assert len(collect(kdump, "--root", tmp_path)["news"]) == 1
    assert (tmp_path / "run/motd.d/kdump").exists() == told


def test_target_that_is_not_mounted(kdump, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/kdump.conf").write_text("[target]\ndevice = /dev/vdb\npath = /\n")
    put_record(tmp_path / "sys/fs/pstore", "dmesg-efi-1", "log", "it fell\n")
    result = kdump("collect", "--root", str(tmp_path))
    assert result.returncode == 0 and "warning" in result.stderr and "/var/crash" in result.stderr
    assert len(list((tmp_path / "var/crash").iterdir())) == 1


def put_crash(folder, sentence, complete=True):
    folder.mkdir(parents=True)
    (folder / "vmcore").write_bytes(b"dump")
    (folder / "manifest.json").write_text(json.dumps({"version": 2, "complete": complete, "reason": None, "files": {}}))
    (folder / "report.json").write_text(json.dumps({"sentence": sentence}))


def test_every_target_and_the_fallback(kdump, tmp_path):
    """What one target began and the next has whole is told of once, as what is whole."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/kdump.conf").write_text("[target]\npath = /srv/crash\n[target spare]\npath = /var/dumps\n")
    both, spare, fallback = (f"web-2023-11-{day}T22-14-00Z" for day in (13, 14, 15))
    put_crash(tmp_path / "srv/crash" / both, "not this one", complete=False)
    for place, name in (("var/dumps", both), ("var/dumps", spare), ("var/crash", fallback)):
        put_crash(tmp_path / place / name, f"boom {name}")
    done = collect(kdump, "--root", tmp_path, "--motd")
    assert done["news"] == [both, spare, fallback]
    assert done["news_paths"] == [str(tmp_path / path) for path in (
        f"var/dumps/{both}", f"var/dumps/{spare}", f"var/crash/{fallback}")]
    motd = (tmp_path / "run/motd.d/kdump").read_text()
    assert all(f"boom {name}" in motd for name in done["news"]) and "not this one" not in motd
    assert collect(kdump, "--root", tmp_path)["news"] == []


def test_told_of_once_although_its_target_was_away(kdump, tmp_path):
    mounts = "21 1 254:1 / / rw - ext4 /dev/vda1 rw\n"
    for name, text in {"etc/kdump.conf": "[target]\npath = /srv\n[target far]\ndevice = /dev/vdc\npath = /\n",
                       "sys/class/block/vdc/dev": "254:32\n", "dev/vdc": "",
                       "proc/self/mountinfo": mounts + "22 21 254:32 / /mnt rw - ext4 /dev/vdc rw\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    put_crash(tmp_path / "mnt" / NAME, "far")
    assert collect(kdump, "--root", tmp_path)["news"] == [NAME]
    (tmp_path / "proc/self/mountinfo").write_text(mounts)
    put_crash(tmp_path / "srv" / NAME.replace("web", "db"), "near")
    assert collect(kdump, "--root", tmp_path)["news"] == [NAME.replace("web", "db")]
    (tmp_path / "proc/self/mountinfo").write_text(mounts + "22 21 254:32 / /mnt rw - ext4 /dev/vdc rw\n")
    assert collect(kdump, "--root", tmp_path)["news"] == []


def can_unshare():
    return subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode == 0


JOURNAL = """
import os, socket, subprocess, sys
os.makedirs("/run/systemd/journal")
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.bind("/run/systemd/journal/socket")
journal.settimeout(30)
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
sys.stdout.buffer.write(journal.recv(65536))
"""


@pytest.mark.skipif(not can_unshare(), reason="needs a name space of mounts")
def test_journal(kdump, tmp_path):
    """With a /run, an /etc and a /var of its own, and a socket where journald has its."""
    crash = tmp_path / "crash" / NAME
    crash.mkdir(parents=True)
    (crash / "vmcore").write_bytes(b"dump")
    (crash / "manifest.json").write_text('{"complete": true, "host": "web"}')
    (crash / "report.json").write_text(json.dumps(REPORT))
    (tmp_path / "kdump.conf").write_text(f"[target]\npath = {tmp_path}/crash\n")
    script = tmp_path / "journal.py"
    script.write_text(JOURNAL)
    program = kdump("version").args[0]
    said = subprocess.run(
        ["unshare", "-rm", "sh", "-ec",
         'for folder in /run /etc /var/lib; do mount -t tmpfs none $folder; done; cp "$1" /etc/kdump.conf; '
         'exec /usr/bin/python3 "$2" "$3" collect',
         "sh", str(tmp_path / "kdump.conf"), str(script), program],
        text=True, check=True, timeout=60, capture_output=True).stdout
    fields = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    assert fields["KDUMP_PATH"] == str(crash) and fields["KDUMP_SIGNATURE"] == "a" * 32
    assert fields["KDUMP_COMPLETE"] == "yes" and fields["PRIORITY"] == "2" and "It fell." in fields["MESSAGE"]
    assert len(fields["MESSAGE_ID"]) == 32


@pytest.mark.parametrize("arguments", [("--form", "x"), ("--from",), ("extra",)])
def test_usage(kdump, arguments):
    assert kdump("collect", *arguments).returncode == 2
