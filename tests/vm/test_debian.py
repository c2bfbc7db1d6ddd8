# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Debian, from the installation of the package to the crash, and to its removal.

What a person does, in the order in which it is done, on one machine: each step needs those before it.
"""

import json
import subprocess
import time

import pytest

from lab import kernels, program, setups
from lab.package import next_version

pytestmark = pytest.mark.slow

NEXT_KERNEL, NEXT_PACKAGE = "/opt/lab/kernel.deb", "/opt/lab/next.deb"
# Every file of the system, without what changes by itself and what apt and ucf remember of every package that there was.
FILES = r"""find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /dev -o -path /tmp -o -path /root -o -path /opt -o -path /var/log
    -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/ucf -o -path /var/tmp
    -o -path /var/lib/systemd/random-seed -o -path /var/lib/systemd/timesync -o -path /var/lib/systemd/catalog
    -o -path '/var/lib/systemd/timers/stamp-*' ! -name '*kdump*' \) -prune
    -o -print | sort""".replace("\n", " ")

OLD = [f"old-2020-01-0{day}T00-00-00Z" for day in (1, 2, 3)]
OLD_BYTES = 200 << 20
OLD_CRASHES = f"""cd /var/crash; for each in {' '.join(OLD)}; do mkdir -m 700 $each
head -c {OLD_BYTES} /dev/zero >$each/vmcore; echo '{{"complete": true}}' >$each/manifest.json; done; sync"""


def install(debian):
    """In place of Debian's own package, which is there before: both would load a kernel for a panic, into one place."""
    guest = debian.guest
    guest.run(f"{FILES} >/opt/lab/before")
    debian.peer = setups.install(debian, setups.KDUMP_TOOLS)
    assert "REMOVED:\n  kdump-tools" in debian.install()
    # Its configuration stays until it is purged, and with it the boot parameter.
    assert guest.output("dpkg-query -W -f '${db:Status-Abbrev}' kdump-tools").strip() == "rc"
    assert "crashkernel=" in guest.output("cat /etc/default/grub.d/kdump-tools.cfg")
    # It does nothing before it is told to.
    assert debian.status()["verdict"] == "no-reservation"
    assert guest.run("systemctl is-enabled kdump.service", check=False).output.strip() == "disabled"
    assert guest.output("systemctl is-active kdump.service || true") == "inactive"
    # What an administrator looks for is there, and systemd understands it.
    guest.run("ls /usr/share/bash-completion/completions/kdump /usr/share/zsh/vendor-completions/_kdump "
              "/usr/share/man/man1/kdump-setup.1.gz /etc/kdump.conf /usr/libexec/kdump/kdump-capture")
    assert guest.run("systemd-analyze verify --man=no /lib/systemd/system/kdump*", check=False).output.strip() == ""


def set_up(debian):
    guest = debian.guest
    shown = guest.output("kdump setup --dry-run", timeout=240)
    assert "would write /etc/default/grub.d/zz-kdump.cfg" in shown and "would run update-grub" in shown
    assert debian.status()["verdict"] == "no-reservation"
    assert guest.run("ls /etc/default/grub.d/zz-kdump.cfg /var/lib/kdump/initrd-*", check=False).status != 0
    done = guest.output("kdump setup", timeout=240)
    assert done.endswith("Left to do: reboot. The kernel sets memory aside only when it boots.")
    again = guest.output("kdump setup", timeout=240)
    assert "Everything is set up: nothing was changed." in again and "Left to do: reboot" in again
    debian.reboot()
    # GRUB gave the kernel what update-grub wrote: kdump-tools' first, and ours, which counts.
    theirs, ours = [each for each in guest.output("cat /proc/cmdline").split() if each.startswith("crashkernel=")]
    assert theirs != ours == guest.output("cat /var/lib/kdump/boot-parameter")
    assert guest.output("cat /sys/kernel/kexec_crash_size") == str(int(ours.partition("=")[2].rstrip("M")) << 20)
    record = debian.wait_loaded()
    assert debian.failed_units() == "" and record["release"] == guest.output("uname -r")
    assert "Nothing is left to do" in guest.output("kdump setup", timeout=240)
    doctor = json.loads(guest.output("kdump doctor --json", timeout=240))
    assert doctor["problems"] == 0, doctor


def change_configuration(debian):
    guest = debian.guest
    record, digest = debian.status()["record"], guest.output("sha256sum /var/lib/kdump/initrd-$(uname -r)")
    # An editor's way: a new file in place of the old one.
    guest.run("sed -i 's/^#dump_timeout = 3600/dump_timeout = 1800/' /etc/kdump.conf && grep '^dump_timeout' /etc/kdump.conf")
    debian.wait_loaded(since=record["time"])
    assert guest.output("sha256sum /var/lib/kdump/initrd-$(uname -r)") != digest


def add_processor_and_memory(debian):
    """They come one after the other, and are taken in by one load or two: what counts is that both are in."""
    before = debian.status()["record"]
    debian.hotplug_cpu()
    debian.hotplug_memory()
    debian.bring_online(cpu=2)
    debian.wait_loaded(since=before["time"])


def system_ram(guest):
    """[first, last address] of each range of memory, as the kernel has it."""
    lines = guest.output("grep '^[0-9a-f].*: System RAM$' /proc/iomem").splitlines()
    return [[int(end, 16) for end in line.split()[0].split("-")] for line in lines]


def check_processors(guest, folder, report, count):
    """Each of them left its registers in a note of the dump, and its stack can be followed."""
    assert json.loads(guest.output(f"kdump info --json {folder}", timeout=240))["cpus"] == count
    assert [cpu["cpu"] for cpu in report["cpus"]] == list(range(count))
    for cpu in report["cpus"]:
        assert cpu["registers"] and cpu["frames"] and cpu["missing"] is None, cpu


def check_memory(guest, folder, ranges):
    """The module that was added lies above 4 GiB, where there was none: its pages are in the dump, or were left out of it."""
    first, last = ranges[-1]
    assert first >= 4 << 30 and last - first + 1 == 256 << 20
    pages = sum((last + 1 >> 12) - (first + 0xfff >> 12) for first, last in ranges)
    present = json.loads(guest.output(f"kdump info --json {folder}", timeout=240))["pages"]["present"]
    # the reservation is no memory of the dump
    reserved = int(guest.output("cat /sys/kernel/kexec_crash_size")) >> 12
    assert abs(pages - reserved - present) < 4096, (pages, reserved, present)
    for address in (first, first + last >> 1, last - 0xfff):
        read = guest.run(f"kdump mem --physical -n 8 {folder} {address:x}", check=False, timeout=120)
        assert read.status == 0 or "RAM, but left out of the dump" in read.output, read.output
    beyond = guest.run(f"kdump mem --physical -n 8 {folder} {last + 1:x}", check=False, timeout=120)
    assert beyond.status and "no RAM there" in beyond.output


def crash_and_look(debian, tmp_path):
    guest = debian.guest
    ranges = system_ram(guest)
    folder = debian.crash()
    debian.wait_loaded()
    assert debian.failed_units() == ""
    assert guest.output(f"stat -c %a {folder}") == "700"
    report = json.loads(guest.output(f"kdump report --json {folder}", timeout=240))
    assert report["kind"] == "requested" and "sysrq" in report["sentence"]
    assert json.loads(guest.output(f"cat {folder}/manifest.json"))["complete"] is True
    check_processors(guest, folder, report, 3)
    check_memory(guest, folder, ranges)
    (listed,) = json.loads(guest.output("kdump list --json"))["crashes"]
    assert (listed["path"], listed["sentence"], listed["complete"]) == (folder, report["sentence"], True)
    assert report["sentence"] in guest.output("journalctl -b -u kdump-collect.service -o cat --no-pager")
    guest.run(f"kdump verify {folder}", timeout=300)
    got = guest.get([f"{folder}/vmcore"], tmp_path / "got") / folder.lstrip("/") / "vmcore"
    here = subprocess.run([program.kdump_command(), "report", "--json", got], capture_output=True, text=True, check=True)
    assert json.loads(here.stdout)["sentence"] == report["sentence"]


def upgrade_kernel(debian):
    guest = debian.guest
    old = guest.output("uname -r")
    said = guest.output(f"apt-get install -y {NEXT_KERNEL}", timeout=600)
    new = guest.output("ls /lib/modules | grep -v $(uname -r)")
    assert f"/var/lib/kdump/initrd-{new}: rebuilt" in said
    # The running kernel's is as it was.
    assert debian.status()["verdict"] == "ready" and debian.status()["record"]["release"] == old
    debian.reboot()
    assert guest.output("uname -r") == new
    assert debian.wait_loaded()["release"] == new and debian.failed_units() == ""
    guest.run(f"apt-get purge -y linux-image-{old}", timeout=300)
    assert guest.output("ls /var/lib/kdump/initrd-*") == f"/var/lib/kdump/initrd-{new}"


def add_to_a_kernel_that_follows(debian):
    """Since 6.6 the kernel itself brings the core header up to date: nothing is loaded again."""
    guest, before = debian.guest, debian.status()["record"]
    assert guest.output("cat /sys/devices/system/cpu/crash_hotplug /sys/devices/system/memory/crash_hotplug").split() == ["1", "1"]
    guest.run("echo 0 >/sys/devices/system/cpu/cpu1/online")
    debian.hotplug_memory()
    debian.bring_online(cpu=1)
    time.sleep(5)  # twice what a refresh would wait
    status = debian.status()
    assert status["verdict"] == "ready" and status["stale"] == [] and status["record"] == before


def keep_rules(debian):
    """A second crash, before which the second kernel makes room by the rules."""
    guest = debian.guest
    guest.run(OLD_CRASHES)
    (first,) = debian.crashes() - set(OLD)
    blocks, block_bytes = map(int, guest.output("stat -f -c '%f %S' /var/crash").split())
    # One goes for their number: with the one that is to come there are five. Another one for the space, so that enough is left for
    # the dump that no third one goes after the boot.
    record = debian.status()["record"]
    guest.put({"/etc/kdump.conf.d/50-keep.conf": f"[keep]\ncount = 4\nfree = {blocks * block_bytes + OLD_BYTES * 11 // 10}\n"})
    debian.wait_loaded(since=record["time"])
    add_to_a_kernel_that_follows(debian)
    ranges = system_ram(guest)
    folder = debian.crash()
    report = json.loads(guest.output(f"kdump report --json {folder}", timeout=240))
    assert (report["release"], report["kind"]) == (guest.output("uname -r"), "requested")
    check_processors(guest, folder, report, 3)
    check_memory(guest, folder, ranges)
    assert debian.crashes() == {OLD[2], first, folder.rpartition("/")[2]}
    said = guest.output(f"cat {folder}/capture.log")
    assert f"removed {OLD[0]}: only 4 are kept" in said and f"removed {OLD[1]}: " in said and "MiB are to be" in said
    # What there is to keep is nobody else's to read, and whole.
    assert guest.output(f"stat -c %a /var/crash/{first} {folder}").split() == ["700", "700"]
    assert set(guest.output(f"stat -c '%a %U' {folder}/*").splitlines()) <= {"600 root", "400 root"}


def upgrade_package(debian):
    """Another version, with another program for the second kernel: that is what is loaded when apt is done."""
    guest, before = debian.guest, debian.status()["record"]
    guest.put({NEXT_PACKAGE: next_version(debian.deb, debian.work / "next")})
    digest = guest.output("sha256sum /var/lib/kdump/initrd-$(uname -r)")
    guest.run(f"apt-get install -y {NEXT_PACKAGE}", timeout=300)
    assert guest.output("dpkg-query -W -f '${Version}' kdump").endswith("+next")
    status = debian.status()
    assert status["verdict"] == "ready" and status["record"]["time"] > before["time"]
    assert guest.output("sha256sum /var/lib/kdump/initrd-$(uname -r)") != digest
    assert debian.failed_units() == "" and guest.output("cat /sys/kernel/kexec_crash_loaded") == "1"


def purge(debian):
    guest = debian.guest
    crashes, release = guest.output("ls /var/crash"), guest.output("uname -r")
    guest.run(f"apt-get purge -y {' '.join(debian.peer)}", timeout=300)
    guest.run("apt-get purge -y kdump", timeout=300)
    assert guest.output("cat /sys/kernel/kexec_crash_loaded") == "0"
    assert guest.run("grep crashkernel /boot/grub/grub.cfg", check=False).status == 1
    assert guest.output("ls /var/crash") == crashes
    # The crashes, and of the other kernel its files and what GRUB and the initramfs made for it.
    left = [path for path in guest.output(f"{FILES} | comm -13 /opt/lab/before -").splitlines() if not path.startswith("/var/crash")]
    assert [path for path in left if "kdump" in path or not path.startswith(("/boot/", "/usr/lib/modules/")) and release not in path] == []
    debian.reboot()
    assert "crashkernel" not in guest.output("cat /proc/cmdline") and debian.failed_units() == ""


def test_from_installation_to_crash_to_purge(debian_machine, tmp_path):
    debian = debian_machine(cpus="2,maxcpus=3", memory="1G,slots=2,maxmem=2G",
                            files={NEXT_KERNEL: kernels.package_file("6.12-cloud")})
    for step in (install, set_up, change_configuration, add_processor_and_memory):
        timed(step, debian)
    timed(crash_and_look, debian, tmp_path)
    for step in (upgrade_kernel, keep_rules, upgrade_package, purge):
        timed(step, debian)


def timed(step, *arguments):
    started = time.monotonic()
    step(*arguments)
    print(f"{step.__name__}: {time.monotonic() - started:.0f} s")
