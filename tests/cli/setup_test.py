# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump setup on made-up machines, through --root: files are changed, what only the machine can do is told."""
import json
import os
import subprocess

import pytest

from made_up import bzimage

VERSION = "6.9.9-test"
UUID = "11111111-2222-3333-4444-555555555555"
IOMEM = "00100000-3fffffff : System RAM\n"
GRUB = "etc/default/grub.d/zz-kdump.cfg"
ENTRY = "title Linux\nlinux /vmlinuz\noptions root=UUID=1 quiet\ninitrd /initrd\n"


class Machine:
    """A disk and a file system whose drivers are built in, and a kernel that has reserved nothing."""

    def __init__(self, root):
        self.root = root
        self.put("proc/iomem", IOMEM)
        self.put("proc/cmdline", "root=/dev/vda1 quiet\n")
        self.put("proc/sys/kernel/osrelease", VERSION + "\n")
        self.put("proc/self/mountinfo", "20 1 254:1 / / rw shared:1 - ext4 /dev/vda1 rw\n")
        self.put("sys/kernel/kexec_crash_size", "0\n")
        self.put("sys/kernel/kexec_crash_loaded", "0\n")
        controller = "sys/devices/pci0000:00/0000:00:05.0"
        disk = f"{controller}/block/vda/vda1"
        self.put(f"{disk}/size", "2048\n")
        (root / "sys/bus/drivers/ahci").mkdir(parents=True)
        for link, to in (("sys/class/block/vda1", disk), ("sys/dev/block/254:1", disk),
                         (f"{controller}/driver", "sys/bus/drivers/ahci")):
            (root / link).parent.mkdir(parents=True, exist_ok=True)
            (root / link).symlink_to(os.path.relpath(root / to, (root / link).parent))
        self.put("dev/vda1", "")
        os.truncate(root / "dev/vda1", 8 << 20)
        subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-U", UUID, root / "dev/vda1"], check=True)
        modules = f"lib/modules/{VERSION}"
        self.put(f"{modules}/modules.order", "")
        self.put(f"{modules}/modules.builtin", "kernel/fs/ext4/ext4.ko\n")
        self.put(f"{modules}/modules.builtin.modinfo", "ext4.alias=fs-ext4\0")
        subprocess.run(["/sbin/depmod", "-b", root, VERSION], check=True)
        (root / "boot").mkdir()
        (root / f"boot/vmlinuz-{VERSION}").write_bytes(bzimage())
        (root / "var/crash").mkdir(parents=True)

    def put(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def second_disk(self, uuid):
        """/dev/vdb, an ext4 behind the same controller."""
        disk = "sys/devices/pci0000:00/0000:00:05.0/block/vdb"
        self.put(f"{disk}/size", "2048\n")
        for link in ("sys/class/block/vdb", "sys/dev/block/254:16"):
            (self.root / link).symlink_to(os.path.relpath(self.root / disk, (self.root / link).parent))
        self.put("dev/vdb", "")
        os.truncate(self.root / "dev/vdb", 8 << 20)
        subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-U", uuid, self.root / "dev/vdb"], check=True)

    def text(self, name):
        return (self.root / name).read_text()

    def reserves(self, mib, word):
        """As it is after a boot with that crashkernel=."""
        first = 0x10000000
        self.put("proc/iomem", IOMEM + f"  {first:08x}-{first + (mib << 20) - 1:08x} : Crash kernel\n")
        self.put("sys/kernel/kexec_crash_size", f"{mib << 20}\n")
        self.put("proc/cmdline", f"root=/dev/vda1 quiet {word}\n")

    def boots_by_grub(self):
        self.put("etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=quiet\n")
        self.put("usr/sbin/update-grub", "")
        self.put("boot/grub/grub.cfg", "linux /vmlinuz quiet\n")

    def files(self):
        return {path.relative_to(self.root): path.read_bytes() for path in self.root.rglob("*")
                if path.is_file() and not path.is_symlink()}


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def setup(kdump, machine):
    def run(*arguments):
        done = kdump("setup", "--root", str(machine.root), "--json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return run


def steps(said):
    return [(step["kind"], step["path"] or (step["command"] or [None])[0]) for step in said["steps"]]


def test_a_dry_run_changes_nothing_and_shows_all(kdump, machine, setup):
    machine.boots_by_grub()
    before = machine.files()
    said = setup("--dry-run")
    text = kdump("setup", "--root", str(machine.root), "--dry-run").stdout
    assert machine.files() == before and said["done"] is False
    assert steps(said) == [("write", "/var/lib/kdump/boot-parameter"), ("write", f"/{GRUB}"), ("run", "update-grub"),
                           ("write", f"/var/lib/kdump/initrd-{VERSION}")]
    for kind, what in steps(said):
        assert f"would {kind} {what}: " in text
    assert f"    | GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT {said['parameter']}\"\n" in text
    assert "Nothing was changed: --dry-run." in text


def test_grub(machine, setup):
    machine.boots_by_grub()
    said = setup()
    assert (said["boot_loader"], said["left"], said["failed"]) == ("GRUB", "reboot", 0)
    word = said["parameter"]
    mib = int(word.removeprefix("crashkernel=").removesuffix("M"))
    assert said["needed_bytes"] <= mib << 20 < said["needed_bytes"] + (16 << 20)
    shell = subprocess.run(["sh", "-c", ". $0/etc/default/grub; . $0/" + GRUB + "; echo $GRUB_CMDLINE_LINUX_DEFAULT",
                            machine.root], capture_output=True, text=True, check=True).stdout
    assert shell == f"quiet {word}\n"
    # What only the system itself can do is left to it, for as long as it was not done.
    assert said["left_there"] == 1 and steps(setup()) == [("run", "update-grub")]
    machine.put("boot/grub/grub.cfg", f"linux /vmlinuz quiet {word}\n")
    before = machine.files()
    again = setup()
    assert again["steps"] == [] and machine.files() == before and again["left"] == "reboot"
    # and as that boots:
    machine.reserves(mib, word)
    booted = setup()
    assert [kind for kind, _ in steps(booted)] == ["load"] and booted["left"] == "nothing"


def test_the_initramfs_is_that_of_kdump_initramfs(kdump, machine, setup, tmp_path):
    setup()
    made = tmp_path / "image"
    assert kdump("initramfs", "--root", str(machine.root), "-k", VERSION, "-o", str(made)).returncode == 0
    image = machine.root / f"var/lib/kdump/initrd-{VERSION}"
    assert image.read_bytes() == made.read_bytes() and image.stat().st_mode & 0o777 == 0o600
    machine.put("etc/kdump.conf", "[dump]\nlevel = 1\n")
    assert steps(setup()) == [("write", f"/var/lib/kdump/initrd-{VERSION}")]
    assert image.read_bytes() != made.read_bytes()


def test_an_image_with_a_target_that_is_away_stays(kdump, machine, setup):
    spare = UUID.replace("1", "9")
    image = machine.root / f"var/lib/kdump/initrd-{VERSION}"
    disk = machine.root / "dev/vda2"
    folder = machine.root / "sys/devices/pci0000:00/0000:00:05.0/block/vda/vda2"
    machine.put("etc/kdump.conf", f"[target]\ndevice = UUID={UUID}\n[target spare]\ndevice = UUID={spare}\n")
    folder.mkdir()
    (folder / "size").write_text("2048\n")
    for link in ("class/block/vda2", "dev/block/254:2"):
        (machine.root / "sys" / link).symlink_to(os.path.relpath(folder, (machine.root / "sys" / link).parent))
    disk.write_bytes(b"")
    os.truncate(disk, 8 << 20)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-U", spare, disk], check=True)
    setup()
    with_both = image.read_bytes()
    disk.rename(machine.root / "away")
    disk.write_bytes(bytes(4096))
    assert setup()["steps"] == [] and image.read_bytes() == with_both
    told = kdump("setup", "--root", str(machine.root), "--dry-run").stderr
    assert "[target spare] is away" in told and "stays" in told, told
    # what the configuration no longer asks for is not waited for
    config = machine.text("etc/kdump.conf")
    for other in (config.replace(spare, "elsewhere"), config[:config.index("[target spare]")]):
        machine.put("etc/kdump.conf", other)
        assert steps(setup("--dry-run")) == [("write", f"/var/lib/kdump/initrd-{VERSION}")]
    # one that is there, and otherwise than it was, is taken as it is
    machine.put("etc/kdump.conf", config)
    disk.unlink()
    (machine.root / "away").rename(disk)
    assert setup()["steps"] == []
    machine.put("etc/kdump.conf", config + "options = noatime\n")
    assert steps(setup("--dry-run")) == [("write", f"/var/lib/kdump/initrd-{VERSION}")]
    # and so does what is configured by its path, while that is not mounted
    machine.put("etc/kdump.conf", "[target]\npath = /crash\n")
    machine.put("proc/self/mountinfo", machine.text("proc/self/mountinfo") + "21 20 254:2 / /crash rw - ext4 /dev/vda2 rw\n")
    machine.put("etc/fstab", "/dev/vda2 /crash ext4 nofail 0 0\n")
    setup()
    mounted = image.read_bytes()
    machine.put("proc/self/mountinfo", machine.text("proc/self/mountinfo").splitlines()[0] + "\n")
    assert setup()["steps"] == [] and image.read_bytes() == mounted


def test_entries_of_systemd_boot(machine, setup):
    machine.put("efi/loader/entries/a.conf", ENTRY)
    machine.put("efi/loader/entries/no-linux.conf", "title Shell\nefi /shell.efi\n")
    machine.put("boot/loader/entries/b.conf", "linux /vmlinuz")
    machine.put("etc/kernel/cmdline", "root=UUID=1 crashkernel=1G,high\n")
    before = machine.files()
    said = setup()
    word = said["parameter"]
    assert said["boot_loader"] == "systemd-boot" and said["left"] == "reboot" and said["left_there"] == 0
    assert machine.text("efi/loader/entries/a.conf") == ENTRY.replace("quiet", f"quiet {word}")
    assert machine.text("efi/loader/entries/no-linux.conf") == "title Shell\nefi /shell.efi\n"
    assert machine.text("boot/loader/entries/b.conf") == f"linux /vmlinuz\noptions {word}\n"
    assert machine.text("etc/kernel/cmdline") == f"root=UUID=1 crashkernel=1G,high {word}\n"
    assert setup()["steps"] == []
    # Another size takes the place of ours, and of nobody else's.
    setup("--crashkernel", "300M")
    assert machine.text("etc/kernel/cmdline") == "root=UUID=1 crashkernel=1G,high crashkernel=300M\n"
    assert "--remove" not in setup("--remove")["steps"]
    after = machine.files()
    assert after.pop(next(path for path in after if path.name == "b.conf")) == b"linux /vmlinuz\noptions\n"
    assert after == {path: data for path, data in before.items() if path.name != "b.conf"}


def test_removal_leaves_the_machine_as_it_was(machine, setup):
    machine.boots_by_grub()
    machine.put("etc/kdump.conf", "[dump]\nlevel = 1\n")
    machine.put("var/crash/lab-2026/vmcore", "a crash")
    before = machine.files()
    assert setup("--remove")["steps"] == []
    setup("--target", f"UUID={UUID}")
    assert machine.text("etc/kdump.conf.d/setup.conf").endswith(f"[target]\ndevice = UUID={UUID}\n")
    said = setup("--remove")
    assert ("run", "update-grub") in steps(said) and said["left_there"] == 2
    setup("--remove")
    assert machine.files() == before


def test_removal_where_grub_is_gone(machine, setup):
    """No later one would find the file, were it left because grub.cfg is missing today."""
    machine.boots_by_grub()
    setup()
    (machine.root / "boot/grub/grub.cfg").unlink()
    said = setup("--remove")
    assert ("run", "update-grub") not in steps(said) and said["left_there"] == 0
    assert not (machine.root / GRUB).exists() and not (machine.root / "var/lib/kdump/boot-parameter").exists()


def test_removal_is_not_over_while_grub_has_the_word(kdump, machine, setup):
    machine.boots_by_grub()
    word = setup()["parameter"]
    machine.put("boot/grub/grub.cfg", f"linux /vmlinuz quiet {word}\n")
    for _ in range(2):
        assert steps(setup("--remove"))[-2:] == [("run", "update-grub"), ("remove", "/var/lib/kdump/boot-parameter")]
        assert machine.text("var/lib/kdump/boot-parameter") == f"{word}\n"
    assert "Not all is undone" in kdump("setup", "--root", str(machine.root), "--remove").stdout
    machine.put("boot/grub/grub.cfg", "linux /vmlinuz quiet\n")
    setup("--remove")
    assert setup("--remove")["steps"] == [] and not (machine.root / "var/lib/kdump/boot-parameter").exists()


def test_removal_takes_what_was_written_down(machine, setup):
    names = [f"var/lib/kdump/{name}" for name in ("doctor.json", "announced", "test-crash.json")] + ["run/motd.d/kdump"]
    for name in names:
        machine.put(name, "{}")
    setup("--remove")
    assert not any((machine.root / name).exists() for name in names)


def test_all_targets_are_shown(kdump, machine, setup):
    """The further ones of the configuration, and the boot file system behind them."""
    spare = UUID.replace("1", "9")
    machine.second_disk(spare)
    machine.put("etc/kdump.conf", f"[target]\ndevice = UUID={spare}\n[target far]\ndevice = UUID={spare}\npath = /far\n")
    said = setup("--dry-run")
    assert said["targets"] == [f"UUID={spare} (vdb), ext4", f"[target far] UUID={spare} (vdb), ext4",
                               f"[target boot] UUID={UUID} (vda1), ext4"]
    assert said["target"] == said["targets"][0]
    text = kdump("setup", "--root", str(machine.root), "--dry-run").stdout
    assert "target:       {}\n  then:       {}\n  then:       {}\n".format(*said["targets"]) in text


def test_no_boot_loader(kdump, machine, setup):
    said = setup()
    assert (said["boot_loader"], said["left"]) == (None, "add-parameter")
    assert f"add {said['parameter']} to the kernel's command line" in kdump("setup", "--root", str(machine.root)).stdout


def test_what_somebody_else_reserved_is_enough(machine, setup):
    machine.boots_by_grub()
    machine.reserves(512, "crashkernel=512M")
    said = setup()
    assert said["parameter"] == "" and said["left"] == "nothing" and not (machine.root / GRUB).exists()


def test_what_somebody_else_reserved_is_too_little(machine, setup):
    machine.boots_by_grub()
    machine.reserves(16, "crashkernel=16M")
    said = setup()
    assert said["left"] == "reboot" and (machine.root / GRUB).exists() and ("load", None) in steps(said)


def test_services_are_enabled_once(machine, setup):
    machine.put("usr/lib/systemd/system/kdump.service", "")
    machine.put("usr/lib/systemd/system/kdump-refresh.path", "")
    (command,) = [step["command"] for step in setup()["steps"] if step["kind"] == "run"]
    assert command == ["systemctl", "--quiet", "enable", "kdump.service", "kdump-refresh.path"]
    wants = machine.root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (wants / "kdump.service").symlink_to("/usr/lib/systemd/system/kdump.service")
    (command,) = [step["command"] for step in setup()["steps"]]
    assert command[-1] == "kdump-refresh.path" and "kdump.service" not in command
    assert ["systemctl", "--quiet", "disable", "kdump.service"] in [step["command"] for step in setup("--remove")["steps"]]


@pytest.mark.parametrize("arguments, says", [
    (("--crashkernel", "192M\" rm -rf"), "not a size"),
    (("--crashkernel", ""), "not a size"),
    (("--target", "/dev/vda1\n[dump]"), "one line"),
    (("--target", "vda1"), "a device is UUID=…, LABEL=…, PARTUUID=…, PARTLABEL=… or /dev/…"),
    (("--target", "/dev/nothing"), "nothing was changed"),
])
def test_mistakes_change_nothing(kdump, machine, arguments, says):
    before = machine.files()
    done = kdump("setup", "--root", str(machine.root), *arguments)
    assert done.returncode == 1 and says in done.stderr and machine.files() == before


def test_a_mistake_in_the_configuration_is_named(kdump, machine):
    machine.put("etc/kdump.conf", "[dump]\nlevl = 1\n")
    done = kdump("setup", "--root", str(machine.root))
    assert done.returncode == 1 and "kdump.conf:2: " in done.stderr and "did you mean level?" in done.stderr


def test_what_was_remembered_is_not_believed(machine, setup):
    """It goes into files that a shell reads."""
    machine.boots_by_grub()
    machine.put("var/lib/kdump/boot-parameter", "crashkernel=1M\";reboot;\"\n")
    assert "reboot" not in setup()["parameter"] and "reboot" not in machine.text(GRUB)


@pytest.mark.parametrize("arguments", [("--remove", "--target", "/dev/vda1"), ("extra",), ("--no-such",), ("--target",)])
def test_usage(kdump, arguments):
    done = kdump("setup", *arguments)
    assert done.returncode == 2 and done.stderr.startswith("kdump setup: ")
