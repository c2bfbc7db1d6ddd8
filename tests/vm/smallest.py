# SPDX-License-Identifier: GPL-2.0-or-later
"""The smallest crashkernel= with which a panic still gives a dump, found by bisection.

Beside it the kernel's own floor: the smallest with which the second kernel reaches an init that
does nothing but reboot, loaded by the same `kdump load` with the same parameters.
"""

import argparse
import re
import sys
import tempfile

import away
from lab import LabError, image, kernels, program
from lab.machine import Machine

LOWEST_MIB, HIGHEST_MIB = 16, 256


def _attempt(options, crashkernel_mib, only_reboot):
    """(whether it worked, what there is to say of it)"""
    kernel = kernels.get(options.kernel)
    files = program.kdump()
    if only_reboot:
        files["/boot/only-reboot.img"] = image.peer_initramfs(kernel, only_reboot=True)
    with tempfile.TemporaryDirectory(prefix="kdump-smallest-", dir="/var/tmp") as work, \
            Machine(kernel, work, cpu=options.cpu, cpus=options.cpus, memory=options.memory,
                    crashkernel=f"{crashkernel_mib}M", target="ext4", files=files) as machine:
        try:
            machine.boot()
            if only_reboot:
                machine.guest.run("kdump load --reuse-cmdline --initrd /boot/only-reboot.img")
            else:
                machine.guest.run("kdump initramfs && kdump load --reuse-cmdline", timeout=120)
            machine.end_at_reset()
            machine.panic(cpu=0)
            machine.wait_second_kernel(30)
            machine.wait_reset(90)
            if only_reboot:
                return "lab: the second kernel is up" in machine.crash_console(), ""
            folder = machine.crash_folder()
            if not (folder / "vmcore").exists():
                return False, ""
            log = (folder / "capture.log").read_text(errors="replace")
            return True, "; ".join(line.strip() for line in log.splitlines() if re.search("peak|memory", line))
        except LabError as error:
            # What kdump said is more to the point than that the command failed.
            lines = str(error).splitlines()
            return False, next((line for line in lines if line.startswith("kdump: ")), lines[0])


def _bisect(options, what, only_reboot):
    low, high = LOWEST_MIB, HIGHEST_MIB  # low fails, high works
    said = ""
    while high - low > options.step:
        middle = (low + high) // 2 // options.step * options.step
        works, why = _attempt(options, middle, only_reboot)
        print(f"  crashkernel={middle}M: {what}: {'yes' if works else 'no'} {why}", flush=True)
        if works:
            high, said = middle, why
        else:
            low = middle
    if high == HIGHEST_MIB:
        raise LabError(f"{what}: not even with {high} MiB")
    return high, said


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", default="6.1-cloud", choices=kernels.FLAVOURS)
    parser.add_argument("--memory", default="1G")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--cpu", default="max")
    parser.add_argument("--step", type=int, default=4, help="MiB; the answer is exact to this")
    parser.add_argument("--debian", action="store_true",
                        help="on a real Debian, installed by its package, with Debian's kdump-tools beside it")
    options = parser.parse_args()
    try:
        if options.debian:
            away.smallest(options.memory, options.step)
            return 0
        floor, _ = _bisect(options, "reaches an init that only reboots", True)
        captures, said = _bisect(options, "captures", False)
        release = kernels.get(options.kernel).release
    except LabError as error:
        print(f"smallest-reservation: {error}", file=sys.stderr)
        return 1
    guest = f"{release}, {options.memory} of memory, {options.cpus} CPUs, -cpu {options.cpu}"
    print(f"\n{guest}:\n  crashkernel={captures}M captures {f'({said})' if said else ''}\n"
          f"  crashkernel={floor}M is the kernel's own floor (an init that only reboots)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
