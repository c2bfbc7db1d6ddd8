# SPDX-License-Identifier: GPL-2.0-or-later
"""Loading on a running kernel: the switch, what stays loaded when something is wrong, and what is said."""

import json

import pytest

from lab import program

IMAGE = "/var/lib/kdump/initrd-$(uname -r)"


def status(guest):
    """(exit status, what `kdump status --json` says)"""
    done = guest.run("kdump status --json", check=False)
    return done.status, json.loads(done.output)


def loaded_by_kernel(guest):
    return guest.output("cat /sys/kernel/kexec_crash_loaded").strip() == "1"


def refused(guest, command):
    """The one line that a command says as it fails with status 1 (and its hints)."""
    done = guest.run(command, check=False)
    assert done.status == 1, done.output
    lines = [line for line in done.output.splitlines() if line.startswith("kdump: ") and "hint:" not in line
             and "warning:" not in line]
    assert len(lines) == 1, done.output
    return lines[0]


def test_the_switch_and_bad_input(crash_machine):
    machine = crash_machine(target="ext4", files=program.kdump())
    machine.boot()
    guest = machine.guest

    # nothing is there yet: each step says what to do
    assert "kdump initramfs" in guest.run("kdump load", check=False).output
    code, said = status(guest)
    assert code == 1 and said["would_dump"] is False
    guest.run("kdump initramfs", timeout=120)

    guest.run("kdump load --reuse-cmdline")
    code, said = status(guest)
    assert code == 0 and said["would_dump"] is True and said["armed"] is True
    assert said["reservation"]["bytes"] == 128 << 20
    assert 0 < said["reservation"]["used_bytes"] < 128 << 20
    first = said["record"]

    # whatever is wrong, what was loaded stays loaded
    guest.run("head -c 100000 /boot/vmlinuz-$(uname -r) >/tmp/cut; : >/tmp/empty; "
              "(printf '\\177ELF\\2\\1\\1'; head -c 20 /dev/zero) >/tmp/elf; "
              "head -c 4096 /dev/zero | tr '\\0' x >/tmp/text")
    wrong = {
        "kdump load /tmp/cut": "truncated",
        "kdump load /tmp/empty": "empty",
        "kdump load /tmp/text": "not a kernel image",
        "kdump load /tmp/elf": "ELF header",
        "kdump load /nonexistent": "No such file",
        "kdump load --initrd /nonexistent": "No such file",
        "kdump load --initrd /tmp/empty": "empty",
        f"kdump load {IMAGE}": "not a kernel",
        "kdump load --append elfcorehdr=0x1000": "elfcorehdr=",
        "kdump load --append $(head -c 3000 /dev/zero | tr '\\0' x)": "shorten",
        "kdump load --method file --kernel /boot/vmlinux-$(uname -r)": "bzImage",
    }
    for command, words in wrong.items():
        assert words in refused(guest, command), command
        assert loaded_by_kernel(guest), command
    assert status(guest)[1]["record"] == first

    # the switch: idempotent, remembered, and shown
    guest.run("kdump disarm && kdump disarm")
    assert not loaded_by_kernel(guest)
    code, said = status(guest)
    assert code == 1 and said["armed"] is False and said["would_dump"] is False
    guest.run("kdump arm && kdump arm")
    assert loaded_by_kernel(guest)
    code, said = status(guest)
    assert code == 0 and said["record"]["command_line"] == first["command_line"]

    # stale: the image is another one now
    guest.run(f"echo >>{IMAGE}")
    assert any("initr" in reason for reason in status(guest)[1]["stale"])

    # kexec's spellings
    guest.run("kdump load -p /boot/vmlinuz-$(uname -r) --initrd=" + IMAGE + " --append='console=ttyS0 x=y' -c")
    assert " x=y " in status(guest)[1]["record"]["command_line"]
    guest.run("kdump load -u")
    assert not loaded_by_kernel(guest)
    guest.run("kdump load -p -s --command-line=console=ttyS0 --args-linux /boot/vmlinuz-$(uname -r)")
    assert status(guest)[1]["record"]["method"] == "file"
    assert loaded_by_kernel(guest)
    done = guest.run("kdump load -e", check=False)
    assert done.status == 2 and "-e" in done.output

    # not root
    done = guest.run("chmod 755 /root; busybox su nobody -s /bin/sh -c 'kdump load' 2>&1", check=False)
    assert done.status != 0

    # The kernel refuses what we could not know (it takes no kernel without 5-level paging here), and has freed
    # the old image before: that one comes back from its record.
    guest.run("kdump load --reuse-cmdline")
    first = status(guest)[1]["record"]
    guest.run("cp /boot/vmlinuz-$(uname -r) /tmp/4level; "
              "printf '\\037' | dd of=/tmp/4level bs=1 seek=$((0x236)) conv=notrunc 2>/dev/null")
    said = guest.run("kdump load --method file /tmp/4level", check=False)
    assert said.status == 1 and "again" in said.output, said.output
    assert loaded_by_kernel(guest)
    code, now = status(guest)
    assert code == 0 and now["record"]["command_line"] == first["command_line"]
    assert "no5lvl" in refused(guest, "kdump load --method segments /tmp/4level")
    assert loaded_by_kernel(guest)

    # nobody may load any more, and says so
    guest.run("kdump load --reuse-cmdline && echo 1 >/proc/sys/kernel/kexec_load_disabled")
    assert "kexec_load_disabled" in refused(guest, "kdump load --reuse-cmdline")
    assert loaded_by_kernel(guest)


@pytest.mark.slow
def test_armed_again_after_a_reboot(crash_machine):
    machine = crash_machine(target="ext4", files=program.kdump())
    machine.boot()
    guest = machine.guest
    guest.run("kdump initramfs && kdump load --reuse-cmdline --append again=yes && sync", timeout=120)
    guest.send("reboot -f\n")
    machine.wait_boot()
    code, said = status(guest)
    assert code == 1 and not loaded_by_kernel(guest)
    guest.run("kdump arm")
    code, said = status(guest)
    assert code == 0 and "again=yes" in said["record"]["command_line"]


@pytest.mark.parametrize("crashkernel,words", [pytest.param(None, "crashkernel=", marks=pytest.mark.slow), ("40M", "missing")])
def test_reservations_that_do_not_do(crash_machine, crashkernel, words):
    machine = crash_machine(target="ext4", crashkernel=crashkernel, files=program.kdump())
    machine.boot()
    machine.guest.run("kdump initramfs", timeout=120)
    said = machine.guest.run("kdump load --reuse-cmdline", check=False)
    assert said.status == 1 and words in said.output
    assert status(machine.guest)[0] == 1


def test_lockdown_without_keys(crash_machine):
    """Neither system call is left; both the refusal and the reason are said."""
    machine = crash_machine(target="ext4", append="lockdown=integrity", files=program.kdump())
    machine.boot()
    machine.guest.run("mount -t securityfs securityfs /sys/kernel/security; kdump initramfs", timeout=120)
    for method in ("auto", "segments", "file"):
        said = machine.guest.run(f"kdump load --reuse-cmdline --method {method}", check=False)
        assert said.status == 1 and "lockdown" in said.output, said.output
        # kexec_load is not let in at all; the other one looks at the signature.
        why = "bars kexec_load" if method == "segments" else "Operation not permitted: lockdown takes only"
        assert why in said.output and ("no trusted key is present" in said.output) == (method != "segments")
    assert status(machine.guest)[0] == 1
    findings = json.loads(machine.guest.run("kdump doctor --json", check=False).output)["findings"]
    (found,) = [each for each in findings if each["check"] == "lockdown"]
    assert found["result"] == "problem" and "no trusted key is present" in found["sentence"]
