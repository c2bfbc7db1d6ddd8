# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump list and kdump prune on made-up folders of crashes."""
import json

import pytest


class Crashes:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)

    def add(self, name, complete=True, reason=None, sentence="It fell.", signature="a" * 32, size=4096):
        crash = self.folder / name
        crash.mkdir()
        (crash / ("vmcore" if complete else "vmcore.incomplete")).write_bytes(b"x" * size)
        (crash / "manifest.json").write_text(json.dumps({
            "version": 2, "complete": complete, "reason": reason, "host": "web", "release": "6.1.0",
            "crash_time": 1700000000, "files": {"vmcore": {"bytes": size}}}))
        (crash / "report.json").write_text(json.dumps({"sentence": sentence, "signature": signature}))
        return crash

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())


DAYS = [f"web-2026-01-0{day}T03-04-05Z" for day in range(1, 6)]


@pytest.fixture
def crashes(tmp_path):
    return Crashes(tmp_path / "crash")


def test_list(kdump, crashes):
    crashes.add(DAYS[1], complete=False, reason="dump: No space left on device", signature="b" * 32)
    crashes.add(DAYS[0])
    crashes.add(DAYS[2], sentence="Out of \x1b[2J memory.")
    (crashes.folder / "202611230414").mkdir()
    text = kdump("list", str(crashes.folder))
    assert text.returncode == 0 and not text.stderr
    assert [line for line in text.stdout.splitlines() if line.startswith("web-")] == DAYS[:3]
    assert "NOT complete" in text.stdout and "No space left on device" in text.stdout
    assert f"the same as {DAYS[2]}" in text.stdout
    assert "not ours: 202611230414" in text.stdout
    assert "\x1b" not in text.stdout and "Out of ?[2J memory." in text.stdout
    model = json.loads(kdump("list", "--json", str(crashes.folder)).stdout)
    assert [crash["name"] for crash in model["crashes"]] == DAYS[:3]
    assert [crash["complete"] for crash in model["crashes"]] == [True, False, True]
    assert [crash["same_signature"] for crash in model["crashes"]] == [[DAYS[2]], [], [DAYS[0]]]
    first = model["crashes"][0]
    assert first["sentence"] == "It fell." and first["time"] == 1700000000 and first["bytes"] > 4096
    assert first["path"] == str(crashes.folder / DAYS[0])
    assert [other["name"] for other in model["others"]] == ["202611230414"]


def test_the_configured_folder(kdump, tmp_path):
    assert "no crashes" in kdump("list", "--root", str(tmp_path)).stdout  # /var/crash is not there yet
    crashes = Crashes(tmp_path / "srv/crash")
    crashes.add(DAYS[0])
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/kdump.conf").write_text("[target]\npath = /srv/crash\n[keep]\ncount = 1\n")
    assert DAYS[0] in kdump("list", "--root", str(tmp_path)).stdout
    crashes.add(DAYS[1])
    assert kdump("prune", "--root", str(tmp_path)).returncode == 0
    assert crashes.names() == [DAYS[1]]


def test_all_targets(kdump, tmp_path):
    """Of each that is mounted, and where crashes go that no target holds; one that is mounted twice is listed once."""
    for name, text in {"etc/kdump.conf": "[target]\ndevice = /dev/vdb\n[target second]\ndevice = /dev/vdc\npath = /far\n"
                                         "[target third]\ndevice = /dev/vdc\npath = /far/\n[keep]\ncount = 1\n",
                       "sys/class/block/vdb/dev": "254:16\n", "sys/class/block/vdc/dev": "254:32\n", "dev/vdb": "", "dev/vdc": "",
                       "proc/self/mountinfo": "21 1 254:1 / / rw - ext4 /dev/vda1 rw\n22 21 254:32 / /mnt rw - ext4 /dev/vdc rw\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    folders = [tmp_path / "mnt/far", tmp_path / "var/crash", tmp_path / "crash"]
    for folder, days in zip(folders, (DAYS[:2], DAYS[2:4], DAYS[4:])):
        crashes = Crashes(folder)
        for name in days:
            crashes.add(name)
    result = kdump("list", "--root", str(tmp_path))
    assert result.returncode == 0 and "/dev/vdb: is not mounted" in result.stderr and "not looked at" in result.stderr
    assert [line for line in result.stdout.splitlines() if line.startswith(("web-", "/"))] == [
        f"{folders[0]}:", *DAYS[:2], f"{folders[1]}:", *DAYS[2:4], f"{folders[2]}:", *DAYS[4:]]
    model = json.loads(kdump("list", "--json", "--root", str(tmp_path)).stdout)
    assert model["folders"] == list(map(str, folders))
    assert [crash["path"] for crash in model["crashes"]] == [f"{folders[DAYS.index(name) // 2]}/{name}" for name in DAYS]
    assert model["crashes"][0]["same_signature"] == DAYS[1:]
    pruned = json.loads(kdump("prune", "--json", "--root", str(tmp_path)).stdout)["folders"]
    assert [[crash["name"] for crash in folder["removed"]] for folder in pruned] == [DAYS[:1], DAYS[2:3], []]


def test_a_target_that_is_not_mounted(kdump, tmp_path):
    for name, text in {"etc/kdump.conf": "[target]\ndevice = /dev/vdb\n", "sys/class/block/vdb/dev": "254:16\n",
                       "dev/vdb": "", "proc/self/mountinfo":
                       "21 1 254:1 / / rw - ext4 /dev/vda1 rw\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    result = kdump("list", "--root", str(tmp_path))
    assert result.returncode == 1 and "is not mounted" in result.stderr and "hint: mount" in result.stderr
    mountinfo = tmp_path / "proc/self/mountinfo"
    mountinfo.write_text(mountinfo.read_text() + "22 21 254:16 / /srv/dumps rw - ext4 /dev/vdb rw\n")
    Crashes(tmp_path / "srv/dumps/var/crash").add(DAYS[0])
    result = kdump("list", "--root", str(tmp_path))
    assert result.returncode == 0 and DAYS[0] in result.stdout, result.stderr


def test_btrfs_on_a_logical_volume(kdump, tmp_path):
    """Its mount has an invented device number, and as its source the name that device-mapper gave the volume."""
    for name, text in {"etc/kdump.conf": "[target]\ndevice = /dev/dm-0\noptions = subvol=@c\npath = /\n[capture]\nfallback = none\n",
                       "sys/class/block/dm-0/dev": "253:0\n", "sys/class/block/dm-0/dm/name": "vg-crash\n",
                       "sys/class/block/dm-1/dev": "253:1\n", "sys/class/block/dm-1/dm/name": "vg-other\n", "dev/dm-0": "",
                       "proc/self/mountinfo": "21 20 0:41 /@c /other rw - btrfs /dev/mapper/vg-other rw,subvol=/@c\n"
                                              "22 20 0:40 /@c /srv rw - btrfs /dev/mapper/vg-crash rw,subvol=/@c\n"
                                              "23 20 0:42 /@c /none rw - btrfs /dev/mapper/gone rw,subvol=/@c\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    Crashes(tmp_path / "srv").add(DAYS[0])
    result = kdump("list", "--root", str(tmp_path))
    assert result.returncode == 0 and DAYS[0] in result.stdout, result.stderr


def test_prune(kdump, crashes):
    for name in DAYS:
        crashes.add(name)
    (crashes.folder / DAYS[1] / "analysis.txt").write_text("days of work")
    (crashes.folder / "mine").mkdir()
    before = crashes.names()
    dry = kdump("prune", "--dry-run", "--keep-count", "2", str(crashes.folder))
    assert dry.returncode == 0 and dry.stdout.count("would remove web-") == 3
    assert crashes.names() == before
    quiet = kdump("prune", "-n", "--quiet", "--keep-count", "2", str(crashes.folder))
    assert quiet.stdout.splitlines() == dry.stdout.splitlines()[:-1]
    assert kdump("prune", "-q", "--root", str(crashes.folder), str(crashes.folder)).stdout == ""
    model = json.loads(kdump("prune", "--keep-count", "2", "--json", str(crashes.folder)).stdout)
    folder, = model["folders"]
    assert [crash["name"] for crash in folder["removed"]] == [DAYS[0], DAYS[2], DAYS[3]] and folder["crashes"] == 5
    assert all(crash["error"] is None for crash in folder["removed"])
    assert crashes.names() == ["mine", DAYS[1], DAYS[4]]


def test_prune_for_space_leaves_the_newest(kdump, crashes):
    for name in DAYS:
        crashes.add(name, complete=name == DAYS[2], reason="gone")
    result = kdump("prune", "--keep-free", "1000000T", str(crashes.folder))
    assert result.returncode == 0 and "nothing more may be removed" in result.stderr
    assert crashes.names() == [DAYS[2], DAYS[4]]


def test_prune_without_a_rule(kdump, crashes, tmp_path):
    crashes.add(DAYS[0])
    crashes.add(DAYS[1])
    result = kdump("prune", "--root", str(tmp_path), str(crashes.folder))
    assert result.returncode == 0 and "no limit is set" in result.stdout
    assert crashes.names() == DAYS[:2]


@pytest.mark.parametrize("arguments, says", [
    (("list", "/nowhere"), "No such file"),
    (("prune", "--keep-count", "1", "/nowhere"), "No such file"),
])
def test_failures(kdump, arguments, says):
    result = kdump(*arguments)
    assert result.returncode == 1 and says in result.stderr


@pytest.mark.parametrize("arguments", [("list", "--jsn"), ("list", "a", "b"), ("prune", "--keep-count", "-1"),
                                       ("prune", "--keep-days", "x"), ("prune", "--keep-free", "3X"),
                                       ("prune", "--keep-free")])
def test_usage(kdump, arguments):
    assert kdump(*arguments).returncode == 2
