# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump test --result on made-up machines; and what is refused before anything is crashed."""
import json
import os
import subprocess

import pytest

KDUMP = os.environ["KDUMP"]
NOW, THEN = 1700000000, "11111111-2222-3333-4444-555555555555"


def kdump(*words):
    return subprocess.run([KDUMP, "test", *words], capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)


class Machine:
    def __init__(self, root):
        self.root = root
        self.put("proc/sys/kernel/random/boot_id", "99999999-2222-3333-4444-555555555555\n")
        self.put("proc/self/mountinfo", "")
        self.put("etc/kdump.conf", "[target]\npath = /var/crash\n")
        (root / "var/crash").mkdir(parents=True)
        self.put("var/lib/kdump/test-crash.json", json.dumps({"time": NOW, "boot_id": THEN}))

    def put(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def collect(self, *words):
        done = subprocess.run([KDUMP, "collect", "--root", self.root, *words], capture_output=True, text=True, check=False,
                              timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def crash(self, name, complete, **report):
        if report:
            self.put(f"var/crash/{name}/report.json", json.dumps(report))
        self.put(f"var/crash/{name}/manifest.json", json.dumps({"version": 2, "complete": complete, "reason": "", "files": {}}))
        self.put(f"var/crash/{name}/vmcore", "a dump")

    def result(self):
        done = kdump("--result", "--json", "--root", self.root)
        result = json.loads(done.stdout)
        assert done.returncode == (0 if result["complete"] else 1)
        return result


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_it_arrived(machine):
    machine.crash("lab-2023-11-14T22-00-00Z", True)   # before the test
    assert machine.result() == {"time": NOW, "arrived": False, "complete": False, "path": None}
    machine.crash("lab-2023-11-14T22-14-00Z", True)
    result = machine.result()
    assert result["arrived"] and result["complete"] and result["path"].endswith("/lab-2023-11-14T22-14-00Z")
    done = kdump("--result", "--root", machine.root)
    assert done.returncode == 0 and "gave a dump, complete: " in done.stdout


def test_it_is_not_whole(machine):
    machine.crash("lab-2023-11-14T22-14-00Z", False)
    result = machine.result()
    assert result["arrived"] and not result["complete"]


def test_it_did_not_arrive(machine):
    done = kdump("--result", "--root", machine.root)
    assert done.returncode == 1 and "gave no dump" in done.stdout and "kdump rehearse" in done.stderr


def test_only_the_test_s_own_crash_is_it(machine):
    """Not an oops of a second before, nor one that somebody asked for days later."""
    own, other, later = (f"lab-2023-11-{when}Z" for when in ("14T22-14-30", "14T22-14-00", "16T22-14-00"))
    machine.crash(other, True, kind="oops")
    machine.crash(later, True, kind="requested")
    manifest = {"version": 2, "complete": True, "reason": "", "crash_time": NOW + 2 * 86400, "files": {}}
    machine.put(f"var/crash/{later}/manifest.json", json.dumps(manifest))
    assert not machine.result()["arrived"]
    machine.crash(own, False, kind="requested")
    result = machine.result()
    assert result["path"].endswith(own) and not result["complete"]


def test_it_is_told_after_the_boot_and_once(machine):
    machine.crash("lab-2023-11-14T22-14-00Z", True, kind="requested")
    assert "gave a dump, complete: " in machine.collect()
    assert "test crash" not in machine.collect()
    assert machine.result()["arrived"]


def test_that_there_is_no_dump_is_told_too(machine):
    said = json.loads(machine.collect("--json"))
    assert said["test"] == {"time": NOW, "arrived": False, "complete": False, "path": None}
    assert "test" not in json.loads(machine.collect("--json"))


def test_nothing_is_told_of_a_crash_to_come(machine):
    machine.put("proc/sys/kernel/random/boot_id", THEN + "\n")
    assert "test" not in json.loads(machine.collect("--json"))


def test_not_started_again(machine):
    machine.put("proc/sys/kernel/random/boot_id", THEN + "\n")
    done = kdump("--result", "--root", machine.root)
    assert done.returncode == 1 and "has not been started again" in done.stderr


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"time": -1, "boot_id": "x"}', '{"time": 1, "boot_id": "' + "x" * 99 + '"}'])
def test_damaged_marks(machine, text):
    machine.put("var/lib/kdump/test-crash.json", text)
    done = kdump("--result", "--root", machine.root)
    assert done.returncode == 1 and "not what `kdump test` writes" in done.stderr


def test_there_was_none(machine):
    (machine.root / "var/lib/kdump/test-crash.json").unlink()
    done = kdump("--result", "--root", machine.root)
    assert done.returncode == 1 and "there was no test crash" in done.stderr


@pytest.mark.parametrize("words", [["--result", "--really"], ["--json"], ["--root", "/"], ["now"], ["--what"]])
def test_usage(words):
    done = kdump(*words)
    assert done.returncode == 2 and done.stderr.startswith("kdump test: ")
