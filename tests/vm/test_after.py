# SPDX-License-Identifier: GPL-2.0-or-later
"""After the crash: what was left where no folder could be, and which crashes stay."""

import hashlib
import json
import subprocess

import pytest

from lab import markers, program
from test_capture import MESSAGE, check_folder, check_markers, load

NO_TARGET = "kdump.target=UUID=01234567-89ab-cdef-0123-456789abcdef"


def kdump(*words, status=0):
    done = subprocess.run([program.kdump_command(), *map(str, words)], capture_output=True, text=True, timeout=300,
                          check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def crash(machine):
    machine.panic()
    machine.wait_second_kernel()
    assert machine.wait_reset() == "guest-reset"


@pytest.mark.slow
def test_collects_a_raw_target(crash_machine, tmp_path):
    """From the disk itself, as the next boot would; then the disk says that its crash was taken."""
    machine = crash_machine(target="raw", files={**program.kdump(), **markers.files()})
    load(machine)
    marked = markers.start(machine.guest)
    machine.end_at_reset()
    crash(machine)
    into = tmp_path / "crash"
    collected = json.loads(kdump("collect", "--json", "--from", machine.target.path, "--into", into))
    assert len(collected["collected"]) == 1
    model = json.loads(kdump("list", "--json", into))
    assert not model["others"]
    found, = model["crashes"]
    assert found["complete"] and found["host"] == "lab" and found["release"] == machine.kernel.release
    assert "sysrq" in found["sentence"] and len(found["signature"]) == 32
    folder = into / found["name"]
    check_folder(folder, machine.options["cpus"])
    check_markers(folder / "vmcore", marked)
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, file in manifest["files"].items():
        assert file["complete"] and hashlib.sha256((folder / name).read_bytes()).hexdigest() == file["sha256"], name
    assert "taken in already" in kdump("collect", "--from", machine.target.path, "--into", into)
    assert len(list(into.iterdir())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kernel, method", [("6.1-cloud", "segments"), ("6.1-cloud", "file"),
                                            ("6.12-cloud", "segments"), ("6.12-cloud", "file")])
def test_last_words_in_efi_variables(crash_machine, kernel, method):
    """No target at all: the next boot's kernel shows what the second one put into variables."""
    machine = crash_machine(kernel, target="ext4", efi="nvram", files=program.kdump())
    machine.boot()
    machine.guest.run("printf '[capture]\\ndevice_timeout = 3\\n' >>/etc/kdump.conf; kdump initramfs", timeout=120)
    machine.guest.run(f"kdump load --reuse-cmdline --append {NO_TARGET} --method {method} "
                      "--kernel /boot/vmlinuz-$(uname -r)", timeout=120)
    crash(machine)
    said = machine.crash_console()
    assert "no such device after 3 s" in said and "EFI variables written" in said
    machine.wait_boot()
    guest = machine.guest
    guest.run("modprobe efi_pstore; mount -t pstore pstore /sys/fs/pstore")
    names = guest.output("ls /sys/fs/pstore").split()
    assert 3 <= len(names) <= 16 and all(name.startswith("dmesg-efi") and not name.endswith(".enc.z")
                                         for name in names)
    assert guest.output("head -qn 1 /sys/fs/pstore/*").count("kdump ") == len(names)
    # the target is there again, and not mounted
    guest.run("kdump collect --no-journal --motd")
    assert guest.output("ls /sys/fs/pstore").split() == []
    found, = json.loads(guest.output("kdump list --json /var/crash"))["crashes"]
    assert found["host"] == "lab" and "sysrq" in found["sentence"] and len(found["signature"]) == 32
    assert not found["complete"] and "no such device after 3 s" in found["reason"]
    assert MESSAGE in guest.output(f"cat /var/crash/{found['name']}/dmesg.txt")
    assert found["sentence"] in guest.output(f"cat /var/crash/{found['name']}/report.txt")
    assert found["sentence"] in guest.output("cat /run/motd.d/kdump")
    assert "nothing to collect" in guest.output("kdump collect --no-journal")
    # nor do the variables come back
    guest.run("umount /sys/fs/pstore; rmmod efi_pstore; modprobe efi_pstore; mount -t pstore pstore /sys/fs/pstore")
    assert guest.output("ls /sys/fs/pstore").split() == []


@pytest.mark.slow
def test_keeps_what_is_to_be_kept(crash_machine):
    """The second kernel makes room by the rule of [keep], and touches nothing else."""
    machine = crash_machine(target="ext4", files=program.kdump())
    machine.boot()
    machine.guest.run("printf '[keep]\\ncount = 2\\n' >>/etc/kdump.conf")
    machine.guest.run("mkdir -p /mnt/t && mount /dev/lab/target /mnt/t && mkdir -p /mnt/t/var/crash && "
                      "cd /mnt/t/var/crash && for day in 1 2 3 4; do f=old-2020-01-0${day}T00-00-00Z; mkdir $f; "
                      "echo dump >$f/vmcore; echo '{\"complete\": true}' >$f/manifest.json; done; "
                      "echo mine >old-2020-01-02T00-00-00Z/notes.txt; mkdir 202001010000; cd /; umount /mnt/t")
    machine.guest.run("kdump initramfs && kdump load --reuse-cmdline", timeout=120)
    machine.end_at_reset()
    crash(machine)
    assert "removed old-2020-01-01T00-00-00Z: only 2 are kept" in machine.crash_console()
    folder = machine.crash_folder()
    names = sorted(path.name for path in folder.parent.iterdir())
    assert names[0] == "202001010000" and names[1].startswith("lab-")
    # with a note in it, and the newest
    assert names[2:] == ["old-2020-01-02T00-00-00Z", "old-2020-01-04T00-00-00Z"]
    assert (folder / "vmcore").exists()
