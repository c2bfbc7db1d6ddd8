# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump rehearse: prepared in a guest, run here, as from a server without QEMU to a workstation with it."""

import json
import shutil
import subprocess

import pytest

from lab import image, program

IMAGE = "/var/lib/kdump/initrd-$(uname -r)"
# unpacks the image, which is not compressed here, lets the words in between change it, and packs it again
UNPACK = f"rm -rf /tmp/image && mkdir /tmp/image && cd /tmp/image && cpio -idm <{IMAGE} 2>/dev/null"
PACK = f"find . | cpio -o -H newc >{IMAGE}; cd /"
LOAD = "kdump load --reuse-cmdline"
SOUND = f"kdump initramfs && {LOAD}"
MOUNT = "mkdir -p /mnt/t && mount /dev/lab/target /mnt/t"

# What is broken: how, what the rehearsal says of it, and which of the doctor's checks names it before.
BROKEN = {
    "missing module": (f"kdump initramfs; {UNPACK}; rm -f $(find . -name 'virtio_blk.ko'); {PACK}; {LOAD}",
                       "virtio_blk.ko", "image-modules"),
    "wrong UUID": (f"kdump initramfs; {UNPACK}; sed -i 's/^device = .*/device = UUID=0-1/' etc/kdump.conf; {PACK}; {LOAD}",
                   "UUID=0-1", "image-targets"),
    "wrong kernel": (f"kdump initramfs; {UNPACK}; for module in $(find . -name '*.ko'); do "
                     f"sed -i 's/vermagic=6/vermagic=5/' $module; done; {PACK}; {LOAD}",
                     "of another kernel", "image-modules"),
    "damaged initramfs": (f"kdump initramfs; size=$(stat -c %s {IMAGE}); dd if=/dev/urandom of={IMAGE} bs=4096 count=16 conv=notrunc "
                          f"2>/dev/null; {LOAD}", "damaged", "image-modules"),
    "stale image": (f"{SOUND}; echo >>{IMAGE}", None, "stale"),
    "full disk": (f"{SOUND}; {MOUNT}; fallocate -l $(( ($(stat -f -c '%f * %S' /mnt/t)) - (8 << 20) )) /mnt/t/filler; umount /mnt/t",
                  "full", "target-space"),
    "read-only target": (f"rm -f /mnt/t/filler; {SOUND}; blockdev --setro /dev/vdb", "read-only", "target-writable"),
    "reservation too small": ("blockdev --setrw /dev/vdb; kdump disarm; echo $((44 << 20)) >/sys/kernel/kexec_crash_size; kdump initramfs; "
                              f"{LOAD}", "memory", "reservation"),
}


class Server:
    """A guest that prepares rehearsals, which run here when it is gone."""

    def __init__(self, crash_machine, work, **options):
        self.machine = crash_machine(**{"target": "ext4", "files": program.kdump(), **options})
        self.machine.files["/etc/kdump.conf"] = self.machine.target.config(dump="", device_timeout=5)
        self.machine.boot()
        self.guest, self.work = self.machine.guest, work
        self.doctors = {}

    def prepare(self, name, words):
        """Does that to the guest; the folder with its rehearsal."""
        folder = f"/tmp/{name.replace(' ', '-')}"
        self.guest.run(words, check=False, timeout=300)
        done = self.guest.run("kdump doctor --json", check=False, timeout=120)
        self.doctors[name] = {finding["check"]: finding["sentence"] for finding in json.loads(done.output)["findings"]
                              if finding["result"] in ("problem", "warning")}
        self.guest.run(f"kdump rehearse -q -o {folder}", timeout=300)
        self.guest.get([folder], self.work)
        self.guest.run(f"rm -r {folder}")
        return self.work / folder.lstrip("/")


def rehearse(folder, work):
    done = subprocess.run([program.kdump_command(), "rehearse", "--emulate", "--json", "--keep", work, "--time-limit", "300",
                           folder], capture_output=True, text=True, check=False, timeout=900)
    assert done.stdout, done.stderr
    result = json.loads(done.stdout)
    assert done.returncode == (0 if result["sound"] else 1)
    shutil.rmtree(folder)
    (work / "target.img").unlink()
    return result


def test_a_sound_set_up_and_a_full_disk(crash_machine, tmp_path):
    server = Server(crash_machine, tmp_path)
    sound = server.prepare("sound", SOUND)
    full = server.prepare("full disk", BROKEN["full disk"][0])
    server.machine.close()
    assert not server.doctors["sound"]
    result = rehearse(sound, tmp_path / "sound")
    assert result["sound"] and result["passed"] and not result["known"] and not result["why"], result
    assert "sysrq" in result["cause"] and result["dump_bytes"] > 10 << 20
    assert "virtio_blk" in result["unproven"][0]
    result = rehearse(full, tmp_path / "full")
    assert not result["passed"] and "full" in result["why"], result
    assert any(known.startswith("target-space: ") for known in result["known"])


@pytest.mark.slow
def test_broken_set_ups(crash_machine, tmp_path):
    """Each fails for its own reason, and the doctor names it where it can be known before."""
    server = Server(crash_machine, tmp_path)
    folders = {name: server.prepare(name, words) for name, (words, _, _) in BROKEN.items()}
    server.machine.close()
    wrong = []
    for name, folder in folders.items():
        _, reason, check = BROKEN[name]
        result = rehearse(folder, tmp_path / folder.name)
        print(f"{name}: {result['why']}; known: {result['known']}")
        if result["sound"] or reason and (result["passed"] or reason not in result["why"]):
            wrong.append((name, result))
        if check and not (check in server.doctors[name] and any(known.startswith(f"{check}: ") for known in result["known"])):
            wrong.append((name, check, server.doctors[name], result["known"]))
        # a stale image's rehearsal may pass, for what is loaded is whole: what is known says which file has changed
        if name == "stale image" and not any("initrd" in known and "has changed" in known for known in result["known"]):
            wrong.append((name, result["known"]))
    assert not wrong


LVM = "lvm {} --config 'activation{{udev_sync=0 udev_rules=0}} devices{{obtain_device_list_from_udev=0}}'; "
# What the target is made of: how, the configuration of it, and what the rehearsal cannot prove.
LAYERS = {
    "logical volume": ("modprobe dm_mod; " + LVM.format("vgcreate my-vg /dev/lab/volume /dev/lab/more") +
                       LVM.format("lvcreate -y -Wn -Zn -L 4G -n the-crashes my-vg") + "mkfs.ext4 -q /dev/my-vg/the-crashes",
                       "device = /dev/my-vg/the-crashes", "my-vg/the-crashes"),
    "subvolume": ("modprobe btrfs; mkdir -p /mnt/top /srv; mount /dev/lab/target /mnt/top; btrfs subvolume create /mnt/top/@crash; "
                  "mount -t btrfs -o subvol=@crash /dev/lab/target /srv && mkdir /srv/crash", "path = /srv/crash", "virtio_blk"),
    "raw partition": ("true", "device = PARTUUID=12345678-02\ntype = raw", "virtio_blk"),
}


@pytest.mark.slow
def test_what_targets_are_made_of(crash_machine, tmp_path):
    """A stand-in has the layers that the second kernel has to go through: each is rehearsed as it is loaded."""
    disks = {name: image.sparse_file(tmp_path / f"{name}.img", 3 << 30) for name in ("volume", "more", "raw")}
    with open(disks["raw"], "r+b") as disk:
        disk.seek(440)
        disk.write(image.mbr(0x12345678, [(2048, 8192), (10240, (3 << 21) - 10240)]))
    server = Server(crash_machine, tmp_path, target="btrfs", crashkernel="192M", disks=[(name, path, "raw") for name, path in disks.items()],
                    files={**program.kdump(), **program.host_programs("/usr/sbin/lvm", "/sbin/mkfs.ext4", "/usr/bin/btrfs")})
    folders = {}
    for name, (made, target, _) in LAYERS.items():
        server.guest.run(made, timeout=120)
        server.guest.put({"/etc/kdump.conf": f"[target]\n{target}\n[capture]\nfallback = none\n"})
        folders[name] = server.prepare(name, SOUND)
    server.machine.close()
    for name, folder in folders.items():
        result = rehearse(folder, tmp_path / folder.name)
        print(f"{name}: {result}")
        assert result["sound"] and "sysrq" in result["cause"] and result["dump_bytes"] > 10 << 20, (name, result)
        assert any(LAYERS[name][2] in each for each in result["unproven"])


@pytest.mark.slow
def test_the_real_thing(crash_machine):
    """kdump test: refused where no dump would come, then a crash, and the result after the reboot."""
    machine = crash_machine(target="ext4", files=program.kdump())
    machine.files["/etc/kdump.conf"] = machine.target.config(dump="")
    machine.boot()
    guest = machine.guest
    refused = guest.run("kdump test --really --yes", check=False, timeout=120)
    assert refused.status == 1 and "loaded: " in refused.output and "kdump doctor" in refused.output
    guest.run(SOUND, timeout=120)
    assert "--really crashes" in guest.output("kdump test", timeout=120)
    asked = guest.run("echo not-this-one | kdump test --really", check=False, timeout=120)
    assert asked.status == 1 and "This crashes lab now" in asked.output and "nothing was done" in asked.output
    guest.send("hostname | kdump test --really\n")
    machine.qemu.wait_console("sysrq: Trigger a crash", 120)
    machine.wait_reset()
    machine.wait_boot()
    guest.run(MOUNT)
    done = guest.run("kdump test --result", check=False, timeout=120)
    assert done.status == 0 and "gave a dump, complete: /mnt/t/" in done.output, done.output
