# SPDX-License-Identifier: GPL-2.0-or-later
"""The laboratory itself, proven with Debian's own kexec-tools: what fails here is not kdump's doing."""

import pytest

from lab import image, kernels, markers, oracles, program, vmlinux, LabError
from lab.core import Core

KEXEC = "/usr/sbin/kexec"


def test_extracts_the_kernel_of_a_bzimage():
    kernel = kernels.get()
    data = kernel.image.read_bytes()
    assert vmlinux.extract(data)[:4] == b"\x7fELF"
    for damaged in (b"", data[:0x250], data[:len(data) // 2], b"\x7fELF" + data[4:0x200] + bytes(0x200)):
        with pytest.raises(LabError):
            vmlinux.extract(damaged)


@pytest.mark.slow
def test_a_crash_with_kexec_tools(crash_machine):
    machine = crash_machine(target="ext4", files={
        **program.host_programs(KEXEC), **markers.files(),
        "/boot/peer.img": image.peer_initramfs(kernels.get())})
    machine.boot()
    guest = machine.guest
    marked = markers.start(guest)
    assert len(marked) == 64
    guest.run(f"{KEXEC} -p /boot/vmlinuz-$(uname -r) --initrd=/boot/peer.img "
              "--append='console=ttyS0,115200 nr_cpus=1 reset_devices'")
    machine.end_at_reset()
    machine.panic(cpu=1)
    machine.wait_second_kernel()
    machine.qemu.wait_console("lab: the dump is written", 90, machine.crashed_at)
    assert machine.wait_reset() == "guest-reset"

    vmcore = machine.crash_folder() / "vmcore"
    assert oracles.readelf_registers_count(vmcore) == 2
    loads = oracles.readelf_loads(vmcore)
    assert sum(file_bytes for _, _, file_bytes, _ in loads) > 800 << 20
    assert "sysrq: Trigger a crash" in oracles.makedumpfile_dmesg(vmcore, machine.work)
    with Core(vmcore) as core:
        for paddr, index in marked.items():
            assert core.read(paddr, markers.PAGE_BYTES) == markers.content(index)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["ext4", "xfs", "btrfs", "vfat"])
def test_brings_a_crash_folder_out_of(crash_machine, target):
    machine = crash_machine(target=target)
    machine.boot()
    machine.guest.run(f"modprobe -q {target}; mkdir -p /mnt/t && mount -t {target} /dev/lab/target /mnt/t && "
                      "mkdir -p /mnt/t/var/crash/one && cd /mnt/t/var/crash/one && "
                      "(head -c 3000000 /dev/zero; cat /sbin/init; head -c 70000 /dev/zero) >vmcore && "
                      "cd / && umount /mnt/t")
    machine.guest.send("echo b >/proc/sysrq-trigger\n")
    assert machine.wait_reset() == "guest-reset"
    vmcore = machine.crash_folder() / "vmcore"
    content = (image.GUEST_FILES / "init").read_bytes()
    assert vmcore.read_bytes() == bytes(3000000) + content + bytes(70000)
    assert vmcore.stat().st_blocks * 512 < 1000000  # the zeros are holes
