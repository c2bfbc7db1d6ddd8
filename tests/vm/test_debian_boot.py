# SPDX-License-Identifier: GPL-2.0-or-later
"""What a real Debian boots with: the services of the package, beside loading; another boot loader."""

import subprocess

import pytest

from lab import debian_disk, package, program, systemd_boot
from lab.debian import PACKAGE, DebianMachine
from test_debian_matrix import crash_and_check

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


PARAMETER, ENTRY = "crashkernel=", "/efi/loader/entries/debian.conf"


@pytest.mark.slow
def test_from_the_sources_with_systemd_boot(debian_machine, tmp_path):
    """`meson install`, and a machine without GRUB: the entry of systemd-boot gets the parameter, and loses it again."""
    esp = systemd_boot.make(debian_disk.root_disk(package.build()), tmp_path / "esp.img")
    debian = debian_machine(efi=True, disks=[("esp", esp, "raw")])
    guest = debian.guest
    guest.run("apt-get purge -y 'grub*'; rm -rf /boot/grub /etc/default/grub*; mkdir -p /efi /etc/kernel && "
              "echo 'LABEL=ESP /efi vfat umask=77 0 2' >>/etc/fstab && mount /efi && echo 'root=LABEL=root ro' >/etc/kernel/cmdline",
              timeout=240)
    subprocess.run(["meson", "install", "-C", program.build_folder(), "--no-rebuild", "--destdir", tmp_path / "sources"],
                   stdout=subprocess.DEVNULL, check=True)
    guest.put({"/usr/local": tmp_path / "sources/usr/local", "/etc": tmp_path / "sources/etc"})
    before = guest.output(f"cat {ENTRY}")
    guest.run("systemctl daemon-reload")
    shown = guest.output("kdump setup --dry-run", timeout=240)
    assert f"would write {ENTRY}" in shown and "update-grub" not in shown and guest.output(f"cat {ENTRY}") == before
    debian.set_up()
    (word,) = [each for each in guest.output("cat /proc/cmdline").split() if each.startswith(PARAMETER)]
    assert guest.output(f"cat {ENTRY}") == f"{before} {word}"
    assert guest.output("cat /etc/kernel/cmdline") == f"root=LABEL=root ro {word}"
    assert guest.output("readlink -f $(command -v kdump)") == "/usr/local/bin/kdump"
    crash_and_check(debian)
    guest.run("kdump setup --remove", timeout=240)
    assert guest.output(f"cat {ENTRY}") == before and guest.output("cat /etc/kernel/cmdline") == "root=LABEL=root ro"
    assert guest.output("cat /sys/kernel/kexec_crash_loaded") == "0"
