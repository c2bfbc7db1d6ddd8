# SPDX-License-Identifier: GPL-2.0-or-later
"""What the services of the package do at the boot of a real Debian, beside loading."""

import pytest

from lab.debian import PACKAGE, DebianMachine

CONFIGURATION = "[keep]\ncount = 2\n[collect]\nmotd = yes\n"
CRASHES = r"""mkdir -p /var/crash; cd /var/crash; for day in 1 2 3 4; do
f=old-2020-01-0${day}T00-00-00Z; mkdir -m 700 $f; echo dump >$f/vmcore; echo '{"complete": true}' >$f/manifest.json
echo "{\"sentence\": \"It fell on day $day.\"}" >$f/report.json; done; echo mine >old-2020-01-01T00-00-00Z/notes.txt"""


@pytest.mark.slow
def test_crashes_are_told_of_and_pruned(tmp_path):
    """New crashes go to the journal and the message of the day, and those that [keep] does not keep go."""
    with DebianMachine(tmp_path / "debian") as machine:
        machine.boot()
        guest = machine.guest
        guest.run(f"apt-get install -y {PACKAGE}", timeout=300)
        guest.put({"/etc/kdump.conf.d/50-lab.conf": CONFIGURATION})
        guest.run("kdump setup", timeout=120)
        guest.run(CRASHES)
        machine.reboot()
        told = guest.output("journalctl -b -u kdump-collect.service -o cat --no-pager")
        assert "The kernel crashed: It fell on day 4." in told
        assert "removed old-2020-01-02T00-00-00Z: only 2 are kept" in told
        assert "It fell on day 4." in guest.output("cat /run/motd.d/kdump")
        # somebody's notes are in one, which counts all the same, and the other is the newest
        assert guest.output("ls /var/crash").split() == [f"old-2020-01-0{day}T00-00-00Z" for day in (1, 4)]
        assert guest.output("systemctl is-failed kdump-collect.service || true") == "inactive"
    machine.discard()
