# SPDX-License-Identifier: GPL-2.0-or-later
"""Real Debians that differ in what boots and in where the dump goes, each from `kdump setup` to `kdump list`."""

import json

import pytest

from lab import debian_disk, image

pytestmark = pytest.mark.slow

TARGET_BYTES = 4 << 30


def target_disk(folder, head=b""):
    path = image.sparse_file(folder / "target.img", TARGET_BYTES)
    with open(path, "r+b") as disk:
        disk.write(head)
    return [("target", path, "raw")]


def crash_and_check(debian):
    """The crash folder, which the machine that came up again lists with what happened."""
    guest = debian.guest
    release = guest.output("uname -r")
    folder = debian.crash()
    assert guest.output(f"stat -c %a {folder}") == "700"
    report = json.loads(guest.output(f"kdump report --json {folder}", timeout=240))
    assert (report["kind"], report["release"]) == ("requested", release) and "sysrq" in report["sentence"]
    assert json.loads(guest.output(f"cat {folder}/manifest.json"))["complete"] is True
    (listed,) = json.loads(guest.output("kdump list --json"))["crashes"]
    assert (listed["path"], listed["sentence"], listed["complete"]) == (folder, report["sentence"], True)
    guest.run(f"kdump verify {folder}", timeout=300)
    # It is ready for the next one, and has nothing to complain of.
    debian.wait_loaded()
    assert debian.failed_units() == ""
    return folder


@pytest.mark.parametrize("kind", ["regular", "lvm"])
def test_root_file_system(debian_machine, kind):
    """The regular kernel flavour; the same with a root file system on a logical volume, which nobody has to name."""
    debian = debian_machine(kind=kind)
    debian.install()
    debian.set_up()
    (target,) = json.loads(debian.guest.output("kdump initramfs --json -o /tmp/image", timeout=240))["targets"]
    assert target["block"].startswith("dm-" if kind == "lvm" else "vda")
    crash_and_check(debian)


def test_btrfs_subvolume(debian_machine, tmp_path):
    """/var/crash is a subvolume of another disk, by the administrator's fstab alone."""
    debian = debian_machine(kind="regular", disks=target_disk(tmp_path))
    debian.install()
    debian.guest.run("mkfs.btrfs -q -L crash /dev/lab/target && modprobe btrfs && mount LABEL=crash /mnt && "
                     "btrfs -q subvolume create /mnt/@crash && umount /mnt && "
                     "echo 'LABEL=crash /var/crash btrfs subvol=@crash 0 0' >>/etc/fstab && mount /var/crash", timeout=120)
    debian.set_up()
    folder = crash_and_check(debian)
    said = debian.guest.output(f"findmnt -no FSTYPE,OPTIONS -T {folder}")
    assert said.startswith("btrfs") and "subvol=/@crash" in said


def test_raw_partition(debian_machine, tmp_path):
    """The dump goes to a partition without a file system, and from there to a folder when the machine is up again."""
    table = bytearray(debian_disk.partition_table(disk_bytes=TARGET_BYTES))
    table[440:444] = b"RAW\0"  # or its partition would have the PARTUUID of the root's
    debian = debian_machine(disks=target_disk(tmp_path, table))
    debian.install()
    debian.guest.put({"/etc/kdump.conf.d/50-lab.conf":
                      "[target]\ndevice = PARTUUID=00574152-01\ntype = raw\n[capture]\nfallback = none\n"})
    # Named by what it keeps: nothing to warn of.
    assert "has no UUID" not in debian.guest.run("kdump initramfs -o /tmp/image", timeout=240).output
    debian.set_up()
    folder = crash_and_check(debian)
    # Taken in once: the next boot finds nothing new.
    debian.reboot()
    assert debian.crashes() == {folder.rpartition("/")[2]}


def test_secure_boot(debian_machine):
    """Shim, GRUB and kernel are signed, the kernel is locked down, and takes a crash kernel as Debian signed it."""
    debian = debian_machine(secure_boot=True)
    guest = debian.guest
    assert "[integrity]" in guest.output("cat /sys/kernel/security/lockdown")
    assert guest.output("od -An -tu1 -j4 /sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c") == "1"
    assert guest.output("ls /sys/firmware/efi/mok-variables/MokListRT")
    debian.install()
    findings = {each["check"]: each for each in debian.set_up()["findings"]}
    assert findings["lockdown"]["result"] == "note" and "kexec_file_load" in findings["lockdown"]["sentence"]
    record = debian.status()["record"]
    assert (record["method"], record["kernel"]) == ("file", f"/boot/vmlinuz-{guest.output('uname -r')}")
    # The other call is barred, and nothing else that is not signed is taken.
    said = guest.run("kdump load --method segments --reuse-cmdline", timeout=240, check=False)
    assert said.status == 1 and "Secure Boot or an IMA policy bars kexec_load" in said.output
    guest.run(f"cp {record['kernel']} /tmp/other && printf x | dd of=/tmp/other bs=1 seek=4000000 conv=notrunc 2>/dev/null")
    said = guest.run("kdump load --reuse-cmdline --kernel /tmp/other", timeout=240, check=False)
    assert said.status == 1 and "kexec_file_load" in said.output
    debian.wait_loaded()
    crash_and_check(debian)
