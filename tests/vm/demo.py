# SPDX-License-Identifier: GPL-2.0-or-later
"""The second half of script/demo: a crash from the boot to the dump, told to a person."""

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from lab import LabError, kernels, program
from lab.machine import Machine

MEMORY, CPUS, CRASHKERNEL = "1G", 2, "128M"


def step(number, text):
    print(f"\n== {number}. {text}", flush=True)


def guest_command(guest, command, timeout=120):
    """Shows a command of the guest as it would look in a terminal there."""
    print(f"lab# {command}", flush=True)
    result = guest.run(command, timeout, check=False)
    print(result.output.strip(), flush=True)
    if result.status != 0:
        raise LabError(f"“{command}” ended with status {result.status}")


def here(*words, since=None):
    """Shows a command that runs here; of its output what comes from the last line with `since` on."""
    shown = " ".join(map(str, words))
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, errors="replace", check=False)
    lines = done.stdout.rstrip("\n").splitlines()
    starts = [number for number, line in enumerate(lines) if since and since in line]
    if starts:
        lines = lines[starts[-1]:]
        shown += f" | tail -n {len(lines)}"
    print(f"\n$ {shown}")
    print("\n".join(lines), flush=True)
    if done.returncode != 0:
        raise LabError(f"{shown}: {done.stderr.strip()}")


class Follow:
    """Prints the console's lines that a person wants to see, as they come, inside the `with`."""

    def __init__(self, console, wanted):
        self.console, self.wanted = console, wanted
        self.position = console.position()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _follow(self):
        shown = 0
        while True:
            last_look = self.over.wait(0.2)
            lines = self.console.text(self.position).split("\n")[:-1]
            for line in lines[shown:]:
                if any(text in line for text in self.wanted):
                    print(f"    | {line}", flush=True)
            shown = len(lines)
            if last_look:
                return


def crash(work):
    step(3, "A Debian kernel, from its package (unpacked into cache/, not installed)")
    kernel = kernels.get("6.1-cloud")
    print(f"{kernel.package} {kernel.version}")

    step(4, f"Booting it in QEMU: {CPUS} CPUs, {MEMORY} of memory, crashkernel={CRASHKERNEL}")
    with Machine(kernel, work, memory=MEMORY, cpus=CPUS, crashkernel=CRASHKERNEL, target="ext4",
                 files=program.kdump()) as machine:
        machine.files["/etc/kdump.conf"] = machine.target.config(dump="")  # what a user gets
        with Follow(machine.console, ("Linux version", "for crashkernel", "Run /init")):
            machine.boot()

        step(5, "Making the capture image, loading the second kernel")
        guest_command(machine.guest, "cat /etc/kdump.conf")
        guest_command(machine.guest, "kdump initramfs")
        guest_command(machine.guest, "kdump load --reuse-cmdline")
        guest_command(machine.guest, "kdump status")

        step(6, "Panic: echo c > /proc/sysrq-trigger; the second kernel takes over and captures")
        machine.end_at_reset()
        wanted = ("sysrq: Trigger", "Kernel panic", "Linux version", "kdump")
        with Follow(machine.console, wanted):
            panicked = time.monotonic()
            machine.panic(cpu=1)
            machine.wait_second_kernel()
            reason = machine.wait_reset()
            away = time.monotonic() - panicked
        print(f"the machine has reset ({reason}), {away:.1f} s after its panic (emulated, not on real hardware)")

        step(7, "The crash folder, taken off the guest's disk")
        return machine.crash_folder()


def show(folder):
    kdump = program.kdump_command()
    if kdump.is_relative_to(Path.cwd()):
        kdump = kdump.relative_to(Path.cwd())
    here("ls", "-lsh", folder)
    here(kdump, "info", folder)
    here(kdump, "log", folder, since="sysrq: Trigger a crash")
    print(f"""
== Done: the guest's memory at its panic is in {folder}/vmcore. Try next:

    {kdump} verify {folder}
    {kdump} log {folder} | less
    {kdump} info --json {folder}
    less {folder}/report.txt
    {kdump} save -d 31 -f elf {folder} core && gdb -batch -ex 'core-file core' -ex 'info registers'

On a machine of your own, as root:

    script/package && apt install ./build-package/kdump_*_amd64.deb && kdump setup

README.md goes on from here.""")


def main():
    destination = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-crash")
    try:
        with tempfile.TemporaryDirectory(prefix="kdump-demo-", dir="/var/tmp") as work:
            found = crash(Path(work))
            destination.mkdir(parents=True, exist_ok=True)
            folder = destination / found.name
            # cp, and not a rename: the two may lie on different file systems.
            subprocess.run(["cp", "-a", "--sparse=always", found, folder], check=True)
        show(folder)
    except LabError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
