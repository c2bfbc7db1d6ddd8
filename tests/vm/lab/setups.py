# SPDX-License-Identifier: GPL-2.0-or-later
"""Crash kernels set up on a real Debian guest by their own packages: kdump's, and Debian's kdump-tools beside it.

    with setups.guest(setups.KDUMP_TOOLS, work) as machine:     # installed, and booted with its own reservation
        setups.reserve(machine, "256M")
        away = setups.crash(machine)

Both start from the same disk image. kdump-tools comes with what apt would install on it, recommended packages included, and
is left as its package sets it up.
"""

import contextlib
import dataclasses
import hashlib
import subprocess
import time

from . import LabError, cache
from .archive import Archive
from .debian import PACKAGE, DebianMachine

PEER_FOLDER = "/opt/lab/kdump-tools"
# The first boot with kdump-tools builds its initramfs, before it goes on.
FIRST_BOOT_SECONDS, BOOT_SECONDS, LOADED_SECONDS, CAPTURE_SECONDS = 600, 180, 90, 300


@dataclasses.dataclass(frozen=True)
class SetUp:
    name: str
    # What is run in the guest, as an administrator would, before a reboot.
    commands: tuple
    # Lists the dumps that are whole.
    dumps: str
    # What apt is to fetch for it; the guest has no network.
    packages: tuple = ()


KDUMP = SetUp("kdump", (f"apt-get install -y {PACKAGE}", "kdump setup"), "ls -d /var/crash/*/vmcore 2>/dev/null")
KDUMP_TOOLS = SetUp("kdump-tools", (f"apt-get install -y {PEER_FOLDER}/*.deb",),
                    "ls -d /var/crash/*/dump.* 2>/dev/null", ("kdump-tools", "makedumpfile"))


@dataclasses.dataclass(frozen=True)
class Away:
    """Seconds of one crash, from the panic on."""
    reset: float  # the second kernel is done, and the machine resets
    login: float  # and has a login prompt again
    dump_bytes: int

    @property
    def megabytes(self):
        return self.dump_bytes / 1e6


def _fetch(packages, status):
    """A folder with those packages and all that a system with this dpkg status lacks for them."""
    name = hashlib.sha256(f"{packages}{status.read_text()}".encode()).hexdigest()[:12]

    def build(path):
        (path / "partial").mkdir(parents=True)
        archive = Archive()
        archive.refresh()
        cache.say(f"downloading {', '.join(packages)} and what they need")
        done = subprocess.run(
            ["apt-get", *archive.options, "-o", f"Dir::State::status={status}", "-o", f"Dir::Cache::archives={path}",
             "install", "-y", "--download-only", *packages], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"apt-get: {done.stderr[-3000:]}")
    return cache.make(cache.folder() / "debian" / f"packages-{name}", build)


def install(machine, set_up):
    """Installs and sets it up; returns the names of the packages that were fetched for it. It counts from the next boot on."""
    guest, names = machine.guest, []
    if set_up.packages:
        status = guest.get(["/var/lib/dpkg/status"], machine.work / "got") / "var/lib/dpkg/status"
        debs = sorted(_fetch(set_up.packages, status).glob("*.deb"))
        guest.put({f"{PEER_FOLDER}/{deb.name}": deb for deb in debs})
        names = [deb.name.partition("_")[0] for deb in debs]
    for command in set_up.commands:
        guest.run(command, timeout=600)
    return names


def _install_and_reboot(machine, set_up):
    install(machine, set_up)
    machine.qmp.events.clear()
    machine.guest.send("sync; systemctl reboot\n")
    machine.wait_reset()
    machine.wait_boot(FIRST_BOOT_SECONDS)


@contextlib.contextmanager
def guest(set_up, work, **options):
    """A machine with that set-up, as it recommends itself."""
    machine = DebianMachine(work, **options)
    machine.set_up = set_up
    try:
        machine.boot()
        _install_and_reboot(machine, set_up)
        yield machine
    finally:
        machine.close()
        machine.discard()


def reserved(machine):
    """The crashkernel= that the guest was booted with."""
    words = machine.guest.output("cat /proc/cmdline").split()
    return next((word.partition("=")[2] for word in words if word.startswith("crashkernel=")), "none")


def reserve(machine, crashkernel):
    """Boots with another reservation than the set-up chose: only what GRUB passes is changed."""
    machine.guest.run(f"sed -i 's/crashkernel=[^ ]*/crashkernel={crashkernel}/' /boot/grub/grub.cfg")
    machine.reboot()
    if reserved(machine) != crashkernel:
        raise LabError(f"{machine.set_up.name}: booted with crashkernel={reserved(machine)}, not {crashkernel}")


def is_loaded(machine):
    """Whether the boot has loaded a crash kernel, or does so soon."""
    deadline = time.monotonic() + LOADED_SECONDS
    while machine.guest.output("cat /sys/kernel/kexec_crash_loaded") != "1":
        # What starts at boot has been started when the guest's shell is there: it failed, or is at work.
        if time.monotonic() > deadline or not machine.guest.output(
                "systemctl list-units --plain --no-legend --state=activating 'kdump*'"):
            return machine.guest.output("cat /sys/kernel/kexec_crash_loaded") == "1"
        time.sleep(0.5)
    return True


def _dumps(machine):
    return machine.guest.run(machine.set_up.dumps, check=False).output.split()


def _wait_reset(machine):
    """Waits for the reset; early gives up on a second kernel that panics itself."""
    def is_over():
        if machine.crash_console().count("Kernel panic - not syncing") > 1:
            raise LabError("the second kernel panicked")
        return machine.qmp.wait_event(("RESET",), 0.2)
    machine.qemu.wait("the machine to reset", is_over, CAPTURE_SECONDS)


def crash(machine):
    """Panics, and waits for the login prompt; the Away of it. LabError when there is no whole dump: reset the machine then."""
    before = set(_dumps(machine))
    # An answer comes behind the events of the last reboot, which panic() forgets.
    machine.qmp.execute("query-status")
    machine.panic(cpu=0)
    started = time.monotonic()
    _wait_reset(machine)
    reset, position = time.monotonic() - started, machine.console.position()
    machine.qemu.wait_console(" login:", BOOT_SECONDS, position)
    login = time.monotonic() - started
    machine.wait_boot()
    new = set(_dumps(machine)) - before
    if len(new) != 1:
        raise LabError(f"{machine.set_up.name}: {len(new)} new dumps")
    size = int(machine.guest.output(f"stat -c %s {new.pop()}"))
    return Away(reset, login, size)


def recover(machine):
    """Resets a machine that does not come back by itself."""
    machine.qmp.events.clear()
    machine.qmp.execute("system_reset")
    machine.wait_boot()
