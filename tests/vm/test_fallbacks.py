# SPDX-License-Identifier: GPL-2.0-or-later
"""When the second kernel cannot do what it should, it saves what it can, and the machine comes back all the same."""

import json
import re
import subprocess

import pytest

from lab import program
from test_capture import MESSAGE, load


def test_no_target(crash_machine):
    """Nowhere to write: the log's end and the report's start on the console, then the failure action."""
    machine = crash_machine(target="ext4", files=program.kdump())
    machine.boot()
    machine.guest.run("printf '[capture]\\ndevice_timeout = 3\\n' >>/etc/kdump.conf; kdump initramfs", timeout=120)
    machine.guest.run("kdump load --append kdump.target=UUID=01234567-89ab-cdef-0123-456789abcdef")
    machine.end_at_reset()
    machine.panic()
    machine.wait_second_kernel()
    assert machine.wait_reset() == "guest-reset"
    said = machine.crash_console()
    assert "no such device after 3 s" in said
    after = said.split("no target: the end of the kernel's log follows", 1)[1]
    assert MESSAGE in after and "final action: reboot" in after
    report = after.split("no target: the start of the report follows", 1)[1].split("final action", 1)[0]
    assert re.search(r"^panic +Kernel panic - not syncing: sysrq triggered crash", report, re.M)
    assert ", which panicked" in report and "sysrq_handle_crash+0x" in report


@pytest.mark.slow
def test_full_target(crash_machine):
    """No room for the dump: log and report are there all the same, and what there is of the dump says what it is."""
    machine = crash_machine(target="ext4", files=program.kdump())
    load(machine, "--append kdump.failure_action=poweroff")
    # %f counts the blocks reserved for root, too, which a second kernel may use
    machine.guest.run("mkdir -p /mnt/full && mount /dev/lab/target /mnt/full && "
                      "fallocate -l $(( ($(stat -f -c '%f * %S' /mnt/full)) - (40 << 20) )) /mnt/full/filler && "
                      "umount /mnt/full", timeout=300)
    machine.end_at_reset()
    machine.panic()
    machine.wait_second_kernel()
    assert machine.wait_reset() == "guest-shutdown"
    folder = machine.crash_folder()
    names = {path.name for path in folder.iterdir()}
    assert "vmcore" not in names
    assert {"vmcore.incomplete", "dmesg.txt", "report.txt", "manifest.json"} <= names
    assert MESSAGE in (folder / "dmesg.txt").read_text(errors="replace")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["complete"] is False
    assert "No space left on device" in manifest["reason"]
    info = subprocess.run([program.kdump_command(), "info", "--json", folder], capture_output=True, text=True,
                          check=False)
    assert info.returncode == 0, info.stderr
    assert json.loads(info.stdout)["complete"] is False
    verify = subprocess.run([program.kdump_command(), "verify", folder], capture_output=True, text=True, check=False)
    assert verify.returncode == 1
