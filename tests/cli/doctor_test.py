# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump doctor and kdump estimate on made-up machines: every check trips, and only where it should."""
import json
import os
import shutil
import subprocess
import time

import pytest

from made_up import MIB, SECOND_UUID, UUID, Sound, bzimage

SECURE_BOOT = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    def kdump(*arguments):
        return subprocess.run([os.environ["KDUMP"], *arguments], text=True, capture_output=True, timeout=60,
                              check=False)
    return Sound(tmp_path_factory.mktemp("sound"), kdump)


@pytest.fixture
def machine(pristine, tmp_path):
    """A copy for one test, which may break it."""
    root = tmp_path / "root"
    subprocess.run(["cp", "-a", "--sparse=always", pristine.root, root], check=True)
    copy = object.__new__(Sound)
    copy.__dict__.update(pristine.__dict__, root=root)
    return copy


def doctor(machine, *options):
    """(exit status, {check: finding})"""
    done = machine.kdump("doctor", "--root", str(machine.root), "--json", *options)
    assert not done.stderr
    said = json.loads(done.stdout)
    assert said["sound"] == (done.returncode == 0)
    findings = {finding["check"]: finding for finding in said["findings"]}
    assert len(findings) == len(said["findings"])
    for result, count in (("problem", said["problems"]), ("warning", said["warnings"]), ("note", said["notes"])):
        assert sum(finding["result"] == result for finding in findings.values()) == count
    return done.returncode, findings


def estimate(machine, *options):
    done = machine.kdump("estimate", "--root", str(machine.root), "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_sound_machine(machine):
    code, findings = doctor(machine)
    assert code == 0
    assert {name: finding for name, finding in findings.items() if finding["result"] != "ok"} == {}
    assert all(finding["sentence"] and finding["remedy"] is None for finding in findings.values())
    text = machine.kdump("doctor", "--root", str(machine.root))
    assert text.returncode == 0
    assert text.stdout == f"{len(findings)} checks: 0 problems, 0 warnings, 0 notes\nA panic now would give a dump.\n"
    everything = machine.kdump("doctor", "--root", str(machine.root), "--all").stdout
    for name, finding in findings.items():
        assert f"ok       {name}: {finding['sentence']}\n" in everything


def sysctl(name, value):
    return lambda m: m.put(f"proc/sys/kernel/{name}", f"{value}\n")


def loaded_with(parameter):
    def prepare(m):
        m.load()
        record = m.root / "var/lib/kdump/loaded.json"
        record.write_text(record.read_text().replace("panic=1 ", f"panic=1 {parameter} "))
    return prepare


def reserve(size_of):
    def prepare(m):
        m.put("proc/cmdline", "root=/dev/vda\n")
        m.put("sys/kernel/kexec_crash_size", f"{size_of(estimate(m)['reservation'])}\n")
    return prepare


def new_driver(m):
    """The target's driver is another one since the image was built."""
    m.modules("virtio_blk", "new_blk")
    shutil.move(m.root / "sys/module/virtio_blk", m.root / "sys/module/new_blk")
    link = m.root / "sys/bus/drivers/virtio_blk/module"
    link.unlink()
    link.symlink_to("../../../module/new_blk")


def comment(m):
    """A configuration that says the same, in a file that is newer."""
    m.put("etc/kdump.conf", (m.root / "etc/kdump.conf").read_text() + "# as agreed\n")
    later = time.time() + 100
    os.utime(m.root / "etc/kdump.conf", (later, later))
    m.load()


def reformatted(m):
    """The disk of a target that is found by its path, made anew since the image was."""
    m.put("proc/self/mountinfo", "20 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
          "21 20 254:0 / /crash rw shared:1 - ext4 /dev/vda rw\n")
    (m.root / "crash").mkdir()
    m.configure("[target]\npath = /crash\n")
    m.disk(256, uuid=SECOND_UUID)


def of_another_kernel(m):
    m.release = "5.10"
    m.modules("virtio_blk")
    m.initramfs()
    m.load()


def made_without(m, name):
    """Two targets, and an image from when that disk was not there."""
    two(m)
    disk = m.root / "dev" / name
    disk.rename(m.root / "away")
    m.put(f"dev/{name}", "\0" * 4096)
    m.initramfs()
    (m.root / "away").rename(disk)
    m.load()


def moved_boot(m):
    """The boot file system is another one since the image was made."""
    m.put("proc/self/mountinfo", "20 1 254:16 / / rw shared:1 - ext4 /dev/vdb rw\n")
    m.second_disk(256)
    m.initramfs()
    m.load()
    m.disk(256, "vdb", SECOND_UUID.replace("9", "8"))


def lockdown(m, secure_boot=False):
    m.put("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    if secure_boot:
        m.put(SECURE_BOOT, "")
        (m.root / SECURE_BOOT).write_bytes(b"\6\0\0\0\1")


def unloaded(m):
    m.put("sys/kernel/kexec_crash_loaded", "0\n")


def watchdog(seconds, state="active"):
    def prepare(m):
        for name, value in (("state", state), ("timeout", seconds), ("identity", "iTCO_wdt")):
            m.put(f"sys/class/watchdog/watchdog0/{name}", f"{value}\n")
    return prepare


def mount_by_path(m, mounts, fstab=""):
    m.configure("[target]\npath = /var/crash\n")
    m.put("proc/self/mountinfo", mounts)
    m.put("etc/fstab", fstab)


def two(m, first=256, second=256, first_device=f"UUID={UUID}", second_device=f"UUID={SECOND_UUID}", more=""):
    """Two targets, on disks of so many MiB."""
    m.disk(first)
    m.second_disk(second)
    m.configure(f"[target]\ndevice = {first_device}\n[target spare]\ndevice = {second_device}\n{more}")


def raw(m, mib, more=""):
    """A target without a file system, of that size."""
    m.second_disk(256)
    m.put("dev/vdb", "\0" * 4096)
    m.put("sys/devices/virtio0/block/vdb/size", f"{mib << 11}\n")
    m.configure(f"[target]\ndevice = /dev/vdb\ntype = raw\n{more}")
    m.make()
    m.load()


def drop_in(m, text, newer=False):
    """A drop-in file; one that is not newer was there when image and load were made."""
    m.put("etc/kdump.conf.d/50-more.conf", text)
    if not newer:
        m.make()
        m.load()


ROOT_MOUNT = "20 1 254:0 / / rw shared:1 - ext4 /dev/vda rw\n"

# what is done to the sound machine, and what it must find then: {check: (result, words)}, with nothing else
BROKEN = {
    "configuration": (lambda m: m.configure(f"[target]\ndevise = UUID={UUID}\n"),
                      {"configuration": ("problem", "device"), "target": None, "target-mounted": None,
                       "target-space": None}),
    "no reservation": (lambda m: m.put("sys/kernel/kexec_crash_size", "0\n"),
                       {"reservation": ("problem", "crashkernel="), "loaded": ("problem", "no memory")}),
    "no support": (lambda m: (m.root / "sys/kernel/kexec_crash_size").unlink(),
                   {"reservation": ("problem", "CONFIG_KEXEC"), "loaded": ("problem", "CONFIG_KEXEC")}),
    "too small": (reserve(lambda said: said["need_bytes"] - MIB), {"reservation": ("problem", "too small")}),
    "scarce": (reserve(lambda said: said["recommend_bytes"] - MIB), {"reservation": ("warning", "scarce")}),
    "enough for a dump": (reserve(lambda said: said["recommend_bytes"]), {"reservation": ("note", "not for stacks")}),
    "enough": (reserve(lambda said: said["report_bytes"]), {}),
    "shrunk": (lambda m: m.put("sys/kernel/kexec_crash_size", f"{100 * MIB}\n"),
               {"reservation-shrunk": ("warning", "128 MiB"), "reservation": ("note", "not for stacks")}),
    "not shrunk": (lambda m: m.put("proc/cmdline", "crashkernel=65536K@16M\n"), {}),
    "the last counts": (lambda m: m.put("proc/cmdline", "crashkernel=256M quiet crashkernel=128M crashkernel=512M,low\n"), {}),
    "the last is shrunk": (lambda m: m.put("proc/cmdline", "crashkernel=128M crashkernel=256M\n"),
                           {"reservation-shrunk": ("warning", "256 MiB")}),
    "never loaded": (lambda m: (unloaded(m), (m.root / "var/lib/kdump/loaded.json").unlink()),
                     {"loaded": ("problem", "kdump load")}),
    "disarmed": (lambda m: m.load(armed=False), {"loaded": ("problem", "kdump arm")}),
    "rebooted": (lambda m: (m.load(boot="another"), unloaded(m)), {"loaded": ("problem", "since the boot")}),
    "foreign": (lambda m: m.load(boot="another"), {"loaded": ("warning", "another program")}),
    "kernel replaced": (lambda m: (m.root / "boot/vmlinuz-6.1").write_bytes(bzimage() + b"more"), {"stale": ("warning", "has changed")}),
    "CPUs added": (lambda m: m.put("sys/devices/system/cpu/present", "0-7\n"), {"stale": ("problem", "CPUs")}),
    "no kernel": (lambda m: (m.root / "boot/vmlinuz-6.1").unlink(),
                  {"files": ("warning", "vmlinuz-6.1"), "reservation": ("note", "cannot be told"), "stale": ("warning", "gone")}),
    "no kernel, not loaded": (lambda m: ((m.root / "boot/vmlinuz-6.1").unlink(), m.load(armed=False)),
                              {"files": ("problem", "vmlinuz-6.1"), "reservation": ("note", ""), "loaded": None}),
    "damaged initramfs": (lambda m: m.put("var/lib/kdump/initrd-6.1", "damaged"),
                          {"files": ("warning", "initrd-6.1"), "reservation": ("note", ""),
                           "image-modules": ("warning", "initrd-6.1"), "stale": ("warning", "has changed")}),
    "damaged initramfs, loaded": (lambda m: (m.put("var/lib/kdump/initrd-6.1", "damaged"), m.load()),
                                  {"files": ("problem", "initrd-6.1"), "reservation": ("note", ""),
                                   "image-modules": ("problem", "initrd-6.1")}),
    "disabled": (sysctl("kexec_load_disabled", 1),
                 {"load-limit": ("note", "kexec_load_disabled"), "system-calls": ("warning", "kexec_load_disabled")}),
    "disabled, not loaded": (lambda m: (sysctl("kexec_load_disabled", 1)(m), m.load(armed=False)),
                             {"load-limit": ("problem", "reboot"), "system-calls": ("problem", ""), "loaded": None}),
    "limit": (lambda m: (sysctl("kexec_load_limit_panic", 0)(m), m.load(armed=False)),
              {"load-limit": ("problem", "kexec_load_limit_panic"), "system-calls": ("problem", ""), "loaded": None}),
    "limit not reached": (sysctl("kexec_load_limit_panic", 3), {}),
    "lockdown": (lambda m: (lockdown(m), m.load(armed=False)),
                 {"lockdown": ("problem", "no trusted key"), "system-calls": ("note", "kexec_file_load"),
                  "loaded": None}),
    "lockdown, loaded": (lockdown, {"lockdown": ("warning", "no trusted key"), "system-calls": ("note", "")}),
    "secure boot": (lambda m: lockdown(m, True), {"lockdown": ("note", "kexec_file_load"), "system-calls": ("note", "")}),
    "maxcpus": (loaded_with("maxcpus=1"), {"parameters": ("warning", "nr_cpus=")}),
    "worst parameter first": (loaded_with("init=/x hugepages=64 noapic"),
                              {"parameters": ("problem", "gets hugepages: it takes memory away that there is not; noapic: ")}),
    "every parameter": (loaded_with("init=/x hugepages=64 noapic"), {"parameters": ("problem", "init: it is not looked at")}),
    "parameter with other strokes": (loaded_with("log-buf-len=16M"), {"parameters": ("warning", "log_buf_len")}),
    "parameter of init": (loaded_with("acpi=on -- mem=1G"), {}),
    "value counts": (loaded_with("acpi=off"), {"parameters": ("warning", "acpi=off")}),
    "other value": (loaded_with("acpi=force page_owner=off"), {}),
    "missing module": (new_driver, {"image-modules": ("problem", "new_blk.ko")}),
    "a comment more": (comment, {}),
    "image from before a target was moved": (reformatted, {"image-targets": ("problem", f"UUID={SECOND_UUID}")}),
    "image without the second target": (lambda m: made_without(m, "vdb"),
                                        {"image-targets": ("warning", "[target spare]: The initramfs was made without it")}),
    "image without the first target": (lambda m: made_without(m, "vda"),
                                       {"image-targets": ("warning", "The dump would go to [target spare].")}),
    "image with another boot file system": (moved_boot, {"image-targets": ("warning", "boot file system")}),
    "image with another target": (lambda m: (m.second_disk(256), m.put("etc/kdump.conf", f"[target]\ndevice = UUID={SECOND_UUID}\n"),
                                             m.load()), {"image-targets": ("problem", "kdump refresh")}),
    "image with a target more": (lambda m: (two(m), m.put("etc/kdump.conf", f"[target]\ndevice = UUID={UUID}\n"), m.load()),
                                 {"image-configuration": ("warning", "[target spare] is a target there")}),
    "modules of another kernel": (of_another_kernel, {"image-modules": ("problem", "virtio_blk.ko is for kernel 5.10")}),
    "no target": (lambda m: m.configure("[target]\ndevice = UUID=none\n"),
                  {"target": ("problem", "UUID=none")}),
    "not mounted": (lambda m: mount_by_path(m, ROOT_MOUNT, "/dev/vdb /var ext4 defaults 0 0\n"),
                    {"target-mounted": ("warning", "/var of /etc/fstab")}),
    "mounted": (lambda m: mount_by_path(m, ROOT_MOUNT, "/dev/vda / ext4 defaults 0 0\n/dev/vdb /v ext4 ro 0 0\n"), {}),
    "read-only device": (lambda m: m.put("sys/devices/virtio0/block/vda/ro", "1\n"),
                         {"target-writable": ("problem", "blockdev")}),
    "mounted read-only": (lambda m: m.put("proc/self/mountinfo", ROOT_MOUNT.replace(" rw ", " ro ")),
                          {"target-writable": ("warning", "read-only")}),
    "full": (lambda m: m.disk(8), {"target-space": ("problem", "full")}),
    "short of room": (lambda m: (m.configure(f"[target]\ndevice = UUID={UUID}\n[dump]\nlevel = 0,31\n"),
                                 m.disk(64)), {"target-space": ("warning", "level 31 does")}),
    "small raw target": (lambda m: raw(m, 66), {"target-space": ("problem", "2 MiB are free")}),
    "raw target": (lambda m: raw(m, 4096), {}),
    "ELF on a raw target": (lambda m: raw(m, 4096, "[dump]\nformat = elf\n"), {"target-format": ("warning", "format = kdump")}),
    "two sound targets": (two, {}),
    "first of two full": (lambda m: two(m, first=8),
                          {"target-space": ("warning", "[target]: The target is full")}),
    "second of two full": (lambda m: two(m, second=8),
                           {"target-space": ("warning", "The dump would go to [target].")}),
    "both full": (lambda m: two(m, first=8, second=8),
                  {"target-space": ("problem", "[target spare]: The target is full")}),
    "first of two gone": (lambda m: two(m, first_device="UUID=gone"),
                          {"target": ("warning", "UUID=gone: no block device carries it. The dump would go to [target spare].")}),
    "second of two gone": (lambda m: two(m, second_device="UUID=gone"),
                           {"target": ("warning", "[target spare]: The target cannot be used")}),
    "both gone": (lambda m: two(m, first_device="UUID=gone", second_device="LABEL=gone"),
                  {"target": ("problem", "LABEL=gone")}),
    "one gone, one full": (lambda m: two(m, first_device="UUID=gone", second=8),
                           {"target": ("problem", "UUID=gone"), "target-space": ("problem", "[target spare]")}),
    "one gone, one read-only": (lambda m: (two(m, second_device="UUID=gone"),
                                           m.put("sys/devices/virtio0/block/vda/ro", "1\n")),
                                {"target": ("problem", "[target spare]"), "target-writable": ("problem", "/dev/vda")}),
    "target of a drop-in": (lambda m: drop_in(m, "[target far]\ndevice = UUID=gone\n"),
                            {"target": ("warning", "[target far]")}),
    "drop-in in place of a target": (lambda m: drop_in(m, "[target]\ndevice = UUID=gone\n"),
                                     {"target": ("problem", "UUID=gone")}),
    "mistake in a drop-in": (lambda m: drop_in(m, "[dump]\nlevle = 1\n"),
                             {"configuration": ("problem", "50-more.conf:2"), "target": None, "target-mounted": None,
                              "target-space": None}),
    "newer drop-in": (lambda m: drop_in(m, "[capture]\nhost = lab\n", newer=True),
                      {"image-configuration": ("warning", '[capture] host is "" there, and "lab"'), "stale": ("warning", "configuration")}),
    "watchdog": (watchdog(15), {"watchdog": ("problem", "iTCO_wdt")}),
    "slow watchdog": (watchdog(3600), {}),
    "watchdog that does not tell": (lambda m: (m.root / "sys/class/watchdog/watchdog0").mkdir(parents=True),
                                    {"watchdog": ("note", "Not known")}),
    "a watchdog too many": (lambda m: (watchdog(15)(m), (m.root / "sys/class/watchdog/watchdog1").mkdir(),
                                       (m.root / "sys/class/watchdog/watchdog9").mkdir()),
                            {"watchdog": ("problem", "iTCO_wdt")}),
    "idle watchdog": (watchdog(15, "inactive"), {}),
    "notifiers": (lambda m: m.put("sys/module/kernel/parameters/crash_kexec_post_notifiers", "Y\n"),
                  {"post-notifiers": ("warning", "crash_kexec_post_notifiers")}),
    "panic": (sysctl("panic", 0), {"panic": ("note", "kernel.panic=10")}),
    "panic_on_oops": (sysctl("panic_on_oops", 0), {"panic-on-oops": ("note", "oops")}),
    "hung_task_panic": (sysctl("hung_task_panic", 0), {"hung-task-panic": ("note", "hangs")}),
    "softlockup_panic": (sysctl("softlockup_panic", 0), {"softlockup-panic": ("note", "schedules")}),
    "hardlockup_panic": (sysctl("hardlockup_panic", 0), {"hardlockup-panic": ("note", "interrupts")}),
    "unknown_nmi_panic": (sysctl("unknown_nmi_panic", 0), {"unknown-nmi-panic": ("note", "NMI")}),
    "panic_on_unrecovered_nmi": (sysctl("panic_on_unrecovered_nmi", 0), {"panic-on-unrecovered-nmi": ("note", "NMI")}),
    "panic_on_warn": (sysctl("panic_on_warn", 1), {"panic-on-warn": ("note", "no harm")}),
    "panic_print": (sysctl("panic_print", 0x3f), {"panic-print": ("warning", "63")}),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken(machine, what):
    prepare, expected = BROKEN[what]
    prepare(machine)
    code, findings = doctor(machine)
    found = {name: finding for name, finding in findings.items() if finding["result"] != "ok"}
    assert set(found) <= set(expected), found
    for check, said in expected.items():
        if not said:
            continue
        result, words = said
        assert found[check]["result"] == result, found[check]
        assert words in found[check]["sentence"] + (found[check]["remedy"] or ""), found[check]
        assert found[check]["remedy"] or result == "note"
    assert code == any(finding["result"] == "problem" for finding in found.values())


def test_every_check_has_been_tripped(machine):
    tripped = {check for _, expected in BROKEN.values() for check, said in expected.items() if said}
    assert tripped == set(doctor(machine)[1])


def test_changes_are_told_once(machine):
    def changes():
        done = machine.kdump("doctor", "--root", str(machine.root), "--log-changes")
        assert not done.stderr, done.stderr
        return done.returncode, done.stdout.splitlines()

    state = machine.root / "var/lib/kdump/doctor.json"
    sysctl("panic_on_oops", 0)(machine)
    code, lines = changes()
    assert code == 0 and len(lines) == 1 and lines[0].startswith("note: panic-on-oops: ")
    assert changes() == (0, [])
    machine.load(armed=False)
    code, lines = changes()
    assert code == 1 and len(lines) == 1 and lines[0].startswith("problem: loaded: ") and "kdump arm" in lines[0]
    assert changes() == (1, [])
    machine.load()
    sysctl("panic_on_oops", 1)(machine)
    code, lines = changes()
    assert code == 0 and len(lines) == 2 and all(line.startswith("over: ") for line in lines)
    assert json.loads(state.read_text())["findings"]["loaded"]["result"] == "ok"
    # a damaged record is named, and replaced
    sysctl("panic", 0)(machine)
    for damage in ("{", "[]", '{"version": 2, "findings": {}}', '{"version": 1, "findings": 3}'):
        state.write_text(damage)
        done = machine.kdump("doctor", "--root", str(machine.root), "--log-changes")
        assert done.returncode == 0 and "doctor.json" in done.stderr
        assert done.stdout.startswith("note: panic: ")
        assert changes() == (0, [])


def test_another_problem_of_the_same_check_is_told(machine):
    def changes(configuration):
        machine.configure(configuration)
        return machine.kdump("doctor", "--root", str(machine.root), "--log-changes").stdout.splitlines()

    for device, says in (("UUID=aaa", "UUID=aaa"), ("LABEL=bbb", "LABEL=bbb"), ("LABEL=ccc", "LABEL=ccc")):
        (line,) = changes(f"[target]\ndevice = {device}\n")
        assert line.startswith("problem: target: ") and says in line
        assert changes(f"[target]\ndevice = {device}\n") == []
    # numbers change from day to day: as much again as would be told of every day
    assert len(changes(f"[target]\ndevice = UUID={UUID}\n")) == 1
    machine.disk(8)
    (line,) = changes(f"[target]\ndevice = UUID={UUID}\n")
    assert line.startswith("problem: target-space: ")
    machine.disk(9)
    assert changes(f"[target]\ndevice = UUID={UUID}\n") == []


def test_the_journal_gets_priorities(machine, monkeypatch):
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    machine.load(armed=False)
    done = machine.kdump("doctor", "--root", str(machine.root), "--log-changes")
    assert done.stdout.startswith("<3>problem: loaded: ")


@pytest.mark.parametrize("arguments", [("--jsn",), ("--root",), ("extra",), ("--json", "--log-changes")])
def test_usage(kdump, arguments):
    done = kdump("doctor", *arguments)
    assert done.returncode == 2 and done.stderr.startswith("kdump doctor: ")


def test_estimate(machine):
    said = estimate(machine)
    lines = {line["name"]: line for line in said["reservation"]["lines"]}
    assert lines["kernel, unpacking itself"]["bytes"]["load"] == 48 * MIB
    assert lines["kernel, unpacked"]["bytes"]["boot"] == 36 * MIB
    for moment, total in said["reservation"]["sums"].items():
        assert sum(line["bytes"][moment] for line in lines.values()) == total
    text = machine.kdump("estimate", "--root", str(machine.root)).stdout
    assert f"\nBoot with: crashkernel={said['reservation']['crashkernel']}\n" in text
    assert f"crashkernel={said['reservation']['report_bytes'] >> 20}M, for stacks" in text.splitlines()[-2]
    # what `kdump setup` writes is told of, too
    setup_bytes = said["reservation"]["setup_bytes"]
    written = json.loads(machine.kdump("setup", "--root", str(machine.root), "--json", "--dry-run", "--crashkernel",
                                       "1M").stdout)["needed_bytes"]
    assert setup_bytes % (16 * MIB) == 0 and written <= setup_bytes < written + 16 * MIB
    assert f"`kdump setup` reserves: crashkernel={setup_bytes >> 20}M" in text.splitlines()[-1]
    for name in lines:
        assert f"  {name} " in text
    # without the initramfs less; with one that is not there none at all
    less = estimate(machine, "--no-initrd")["reservation"]
    assert less["sums"]["boot"] < said["reservation"]["sums"]["boot"]
    done = machine.kdump("estimate", "--root", str(machine.root), "--initrd", "/nonexistent")
    assert done.returncode == 1 and "nonexistent" in done.stderr


def test_estimate_of_the_dump(machine):
    said = estimate(machine)["dump"]
    kinds = {name: kind["pages"] for name, kind in said["kinds"].items() if kind["pages"]}
    outside = 96 + 32768  # from 640 KiB to 1 MiB; and the reservation, which is not in a dump
    assert kinds == {"kernel": 5000, "cache": 20000, "user": 20000, "free": 0x40000 - 45000 - outside}
    assert said["sampled"] is False and "kcore" in said["why_not"]
    levels = said["levels"]
    assert [level["level"] for level in levels] == list(range(32))
    pages = {level["level"]: level["pages"] for level in levels}
    assert pages[0] == pages[1] == sum(kinds.values())
    assert pages[0] - pages[2] == pages[0] - pages[4] == 20000
    assert pages[0] - pages[8] == 20000 and pages[0] - pages[16] == kinds["free"] and pages[31] == 5000
    # every page half its size, a descriptor for each, bitmaps and headers
    assert levels[31]["disk_bytes"] == 5000 * (2048 + 24) + (64 << 10) + 2 * 36864
    # a kernel that shows no flags
    (machine.root / "proc/kpageflags").unlink()
    assert "kpageflags" in estimate(machine)["dump"]["error"]
    assert "kpageflags" in machine.kdump("estimate", "--root", str(machine.root)).stdout


def test_targets_in_order(machine):
    """Each is named by estimate and status, with what is free on it or why it is not there."""
    two(machine, first_device="UUID=gone", second=8, more="[target last]\ndevice = /dev/vda\n[dump]\nlevel = 1,31\n")
    gone, full, good = estimate(machine)["targets"]
    assert (gone["section"], gone["found"], gone["free_bytes"]) == ("target", False, None) and "UUID=gone" in gone["problem"]
    assert (full["section"], full["block"], full["level_that_fits"]) == ("target spare", "vdb", None)
    assert (good["section"], good["block"], good["level_that_fits"]) == ("target last", "vda", 31)
    assert full["free_bytes"] < 8 * MIB < good["free_bytes"]
    text = machine.kdump("estimate", "--root", str(machine.root)).stdout
    assert "  target spare         vdb, " in text and "free: no dump of a configured level fits\n" in text
    assert "free: a dump of level 31 fits\n" in text and "not there: target: UUID=gone" in text
    machine.load()
    said = machine.kdump("status", "--root", str(machine.root), "--json")
    targets = json.loads(said.stdout)["targets"]
    assert [(one["section"], one["block"]) for one in targets] == [("target", None), ("target spare", "vdb"),
                                                                   ("target last", "vda")]
    assert "UUID=gone" in targets[0]["problem"] and targets[2]["free_bytes"] == good["free_bytes"]
    text = machine.kdump("status", "--root", str(machine.root)).stdout.splitlines()
    at = text.index(next(line for line in text if line.startswith("target:        [target] not there: ")))
    assert text[at + 1].startswith("  then:        [target spare] vdb, ") and text[at + 2].endswith(" MiB free")
    drop_in(machine, "[dump]\nlevle = 1\n")
    assert "50-more.conf:2" in json.loads(machine.kdump("status", "--root", str(machine.root), "--json").stdout)["config_problem"]


@pytest.mark.parametrize("arguments", [("--jsn",), ("--kernel",), ("a", "b"), ("--kernel", "a", "b"),
                                       ("--backup", "perhaps")])
def test_estimate_usage(kdump, arguments):
    done = kdump("estimate", *arguments)
    assert done.returncode == 2 and done.stderr.startswith("kdump estimate: ")
