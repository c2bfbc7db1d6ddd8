# SPDX-License-Identifier: GPL-2.0-or-later
"""Several targets, tried in order until one holds the dump; hooks; devices that are made of others."""

import json

import pytest

from lab import image, markers, program
from test_capture import check_folder, check_markers

SMALL_BYTES = 12 << 20
DUMP = "[dump]\nlevel = 0\nformat = elf\n"
STACK_TOOLS = ("/usr/sbin/lvm", "/sbin/mdadm", "/sbin/mkfs.ext4", "/sbin/mkfs.btrfs")


def new_disk(folder, name, size_bytes=4 << 30):
    folder.mkdir()
    return image.make_target(folder, "ext4", size_bytes)


def crash(machine):
    machine.end_at_reset()
    machine.panic()
    machine.wait_second_kernel()
    assert machine.wait_reset() == "guest-reset"


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())


def test_tries_until_one_holds_the_dump(crash_machine, tmp_path):
    """The first is gone, the second read-only, the third full: the fourth has it whole, and tells of the others."""
    gone, locked, small = (new_disk(tmp_path / name, name, size_bytes) for name, size_bytes in
                           [("gone", 1 << 30), ("locked", 1 << 30), ("small", SMALL_BYTES)])
    machine = crash_machine(target="ext4", disks=[
        ("gone", gone.path, "raw"), ("locked", locked.path, "raw,readonly=on"), ("small", small.path, "raw")],
        files={**program.kdump(), **markers.files(), **program.host_programs("/usr/bin/printenv"),
               "/usr/local/bin/stuck": "#!/bin/busybox sh\necho waiting for $KDUMP_TARGET$KDUMP_VMCORE\n"
                                       "/bin/busybox sleep 1000\n"})
    machine.files["/etc/kdump.conf"] = (
        f"[target]\ndevice = {gone.device}\n[target locked]\ndevice = {locked.device}\n"
        f"[target small]\ndevice = {small.device}\n[capture]\nfallback = none\n")
    machine.files["/etc/kdump.conf.d/50-more.conf"] = (
        f"[target last]\ndevice = {machine.target.device}\npath = /dumps\n[capture]\ndevice_timeout = 3\n"
        f"{DUMP}[kernel]\nappend = lab.word=\"two words\"\nappend_remove = irqpoll\n"
        "[hooks]\nbefore = /usr/local/bin/stuck\nhook_timeout = 3\n"
        "after = /usr/bin/printenv KDUMP_COMPLETE KDUMP_DUMP KDUMP_DEVICE NOT_THERE\n")
    machine.boot()
    machine.guest.run("chmod +x /usr/local/bin/stuck")
    targets = json.loads(machine.guest.output("kdump initramfs --json", timeout=120))["targets"]
    assert [target["name"] for target in targets] == ["", "locked", "small", "last"]
    machine.guest.run("kdump load", timeout=120)
    marked = markers.start(machine.guest)
    machine.guest.run("dd if=/dev/zero of=/dev/lab/gone bs=1M count=1 conv=fsync 2>/dev/null")
    crash(machine)
    folder = machine.crash_folder("/dumps")
    check_folder(folder, machine.options["cpus"])
    check_markers(folder / "vmcore", marked)
    tried = manifest_of(folder)["targets"]
    assert [target["name"] for target in tried] == ["", "locked", "small", "last"]
    for target, why in zip(tried, ["no such device after 3 s", "the device is read-only", "No space left", None]):
        assert target["error"] is None if why is None else why in target["error"], target
    # What is on the full one says that it is not whole.
    small.extract("/var/crash", tmp_path / "left")
    left, = (tmp_path / "left").iterdir()
    assert not (left / "vmcore").exists()
    if (left / "manifest.json").exists() and (left / "manifest.json").stat().st_size:
        assert manifest_of(left)["complete"] is False
    log = (folder / "capture.log").read_text()
    assert "before: waiting for /proc/vmcore" in log
    assert "hook before: /usr/local/bin/stuck: took longer than 3 s" in log
    assert "after: yes" in log and f"after: {machine.target.device}" in log
    assert "/vmcore\n" in log.split("after: yes", 1)[1]
    assert "hook after: /usr/bin/printenv: ended with status 1" in log
    said = machine.crash_console().split("Command line:", 1)[1].split("\n", 1)[0]
    assert 'lab.word="two words"' in said and "irqpoll" not in said


def stacked_machine(crash_machine, tmp_path, config):
    disks = [(name, image.sparse_file(tmp_path / f"{name}.img", 3 << 30), "raw") for name in ("one", "two")]
    return crash_machine(target="ext4", crashkernel="192M", disks=disks, files={
        **program.kdump(), **markers.files(), **program.host_programs(*STACK_TOOLS), "/etc/kdump.conf": config + DUMP})


def check_stacked(machine, reach):
    """Crashes, boots again, and looks at the dump from there."""
    machine.guest.run("kdump initramfs && kdump load", timeout=240)
    marked = markers.start(machine.guest)
    machine.panic()
    machine.wait_second_kernel()
    assert machine.wait_reset(400) == "guest-reset"
    machine.wait_boot()
    machine.guest.run(f"{reach} && mkdir -p /mnt/there && mount -o ro $found /mnt/there", timeout=120)
    machine.guest.get(["/mnt/there/var/crash"], machine.work / "got")
    folder, = (machine.work / "got/mnt/there/var/crash").iterdir()
    check_folder(folder, machine.options["cpus"])
    check_markers(folder / "vmcore", marked)
    return manifest_of(folder)


LVM = "lvm {} --config 'activation{{udev_sync=0 udev_rules=0}} devices{{obtain_device_list_from_udev=0}}'"


@pytest.mark.slow
def test_logical_volume(crash_machine, tmp_path):
    """Over two disks, by its path; and the volume group changes after the image was built."""
    machine = stacked_machine(crash_machine, tmp_path,
                              "[target]\ndevice = /dev/my-vg/the-crashes\n[capture]\nfallback = none\n")
    machine.boot()
    run = machine.guest.run
    run("modprobe dm_mod")
    run(LVM.format("vgcreate my-vg /dev/lab/one /dev/lab/two"), timeout=60)
    run(LVM.format("lvcreate -y -Wn -Zn -L 4G -n the-crashes my-vg"), timeout=60)
    run("mkfs.ext4 -q /dev/my-vg/the-crashes", timeout=60)
    image_built = json.loads(machine.guest.output("kdump initramfs --json", timeout=240))
    assert image_built["targets"][0]["block"].startswith("dm-")
    run(LVM.format("lvcreate -y -Wn -Zn -L 64M -n another my-vg"), timeout=60)
    check_stacked(machine, "modprobe dm_mod; " + LVM.format("vgchange --sysinit -ay my-vg") +
                  "; found=/dev/mapper/my--vg-the--crashes")


@pytest.mark.slow
@pytest.mark.parametrize("degraded", [False, True])
def test_raid1(crash_machine, tmp_path, degraded):
    machine = stacked_machine(crash_machine, tmp_path, "[target]\ndevice = /dev/md0\n[capture]\n"
                              "fallback = none\ndevice_timeout = 8\n")
    machine.boot()
    run = machine.guest.run
    run("modprobe raid1; mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --assume-clean "
        "/dev/lab/one /dev/lab/two", timeout=60)
    run("mkfs.ext4 -q /dev/md0", timeout=60)
    run("kdump initramfs", timeout=240)
    if degraded:
        run("mdadm /dev/md0 --fail $(readlink -f /dev/lab/two); mdadm /dev/md0 --remove $(readlink -f /dev/lab/two) && "
            "mdadm --zero-superblock /dev/lab/two", timeout=60)
    manifest = check_stacked(machine, "modprobe raid1; mdadm --assemble --run /dev/md0 /dev/lab/one "
                             f"{'' if degraded else '/dev/lab/two'}; found=/dev/md0")
    assert manifest["targets"][0]["error"] is None


@pytest.mark.slow
def test_btrfs_subvolume(crash_machine):
    """A subvolume that is mounted: the folder in it, found by its path."""
    machine = crash_machine(target="btrfs", files={
        **program.kdump(), **markers.files(), **program.host_programs("/usr/bin/btrfs"),
        "/etc/kdump.conf": "[target]\npath = /srv/crash\n[capture]\nfallback = none\n" + DUMP})
    machine.boot()
    machine.guest.run("modprobe btrfs; mkdir -p /mnt/top /srv && mount /dev/lab/target /mnt/top && "
                      "btrfs subvolume create /mnt/top/dumps && mount -t btrfs -o subvol=dumps /dev/lab/target /srv "
                      "&& mkdir /srv/crash", timeout=60)
    built = json.loads(machine.guest.output("kdump initramfs --json", timeout=120))
    assert built["targets"][0]["options"] == "subvol=/dumps" and built["targets"][0]["path"] == "/crash"
    machine.guest.run("kdump load; umount /srv /mnt/top", timeout=120)
    marked = markers.start(machine.guest)
    machine.panic()
    machine.wait_second_kernel()
    assert machine.wait_reset() == "guest-reset"
    folder = machine.crash_folder("/dumps/crash")
    check_folder(folder, machine.options["cpus"])
    check_markers(folder / "vmcore", marked)


@pytest.mark.slow
def test_partition(crash_machine, tmp_path):
    """By its PARTUUID, which a partition keeps whatever is on it."""
    disk = image.sparse_file(tmp_path / "disk.img", 3 << 30)
    with open(disk, "r+b") as file:
        file.seek(440)
        file.write(image.mbr(0x12345678, [(2048, 8192), (10240, (3 << 21) - 10240)]))
    machine = crash_machine(target="ext4", disks=[("disk", disk, "raw")], files={
        **program.kdump(), **markers.files(), **program.host_programs("/sbin/mkfs.ext4"),
        "/etc/kdump.conf": "[target]\ndevice = PARTUUID=12345678-02\n[capture]\nfallback = none\n" + DUMP})
    machine.boot()
    machine.guest.run("mkfs.ext4 -q $(readlink -f /dev/lab/disk)2", timeout=60)
    manifest = check_stacked(machine, "found=$(readlink -f /dev/lab/disk)2")
    assert manifest["targets"][0]["device"] == "PARTUUID=12345678-02"


@pytest.mark.slow
def test_falls_back_to_the_boot_file_system(crash_machine):
    machine = crash_machine(target="ext4", files={**program.kdump(), **markers.files()})
    machine.files["/etc/kdump.conf"] = f"[target]\ndevice = {machine.target.device}\n[capture]\ndevice_timeout = 3\n{DUMP}"
    machine.boot()
    targets = json.loads(machine.guest.output("kdump initramfs --json", timeout=120))["targets"]
    assert [(target["name"], target["path"]) for target in targets] == [("", "/var/crash"), ("boot", "/var/crash")]
    machine.guest.run("kdump load", timeout=120)
    marked = markers.start(machine.guest)
    machine.guest.run("dd if=/dev/zero of=/dev/lab/target bs=1M count=1 conv=fsync 2>/dev/null")
    machine.panic()
    machine.wait_second_kernel()
    assert machine.wait_reset() == "guest-reset"
    machine.wait_boot()
    machine.guest.get(["/var/crash"], machine.work / "got")
    folder, = (machine.work / "got/var/crash").iterdir()
    check_folder(folder, machine.options["cpus"])
    check_markers(folder / "vmcore", marked)
    assert manifest_of(folder)["targets"][1]["error"] is None
