# SPDX-License-Identifier: GPL-2.0-or-later
"""In the second kernel itself: what /proc/vmcore gives by read(2) and by mmap(2), and how long saving it takes beside makedumpfile.

script/bench --second-kernel comes here. Nothing is asserted. The guest is emulated: what is alike in both columns counts.
"""

import re
import statistics
import tempfile
from pathlib import Path

from lab import cpio, image, kernels, program
from lab.machine import Machine

WORK = "head -c 100000000 /dev/urandom >/tmp/noise; cat /lib/modules/*/kernel/fs/*/*.ko* >/dev/null; true"


def _initramfs(rounds):
    """kdump and makedumpfile with their libraries, and busybox."""
    folder = program.build_folder()
    programs = {"kdump": folder / "src/cmd/kdump", "makedumpfile": Path("/usr/bin/makedumpfile"),
                "guest-read": folder / "tests/vm/guest-read", "busybox": image.BUSYBOX}
    entries = [(name, cpio.FOLDER, b"") for name in ("bin", "lib", "lib64", "proc", "dev", "tmp")]
    entries += [(f"bin/{name}", cpio.FILE, path.read_bytes()) for name, path in programs.items()]
    libraries = {}
    for path in programs.values():
        libraries |= program.libraries(path)
    entries += [(name.lstrip("/") if "/ld-linux" in name else f"lib/{Path(name).name}", cpio.FILE, path.read_bytes())
                for name, path in libraries.items()]
    entries += [("init", cpio.FILE, (image.GUEST_FILES / "bench-init").read_bytes()),
                ("rounds", cpio.FILE, f"{rounds}\n".encode())]
    return cpio.archive(entries)


def _run(rounds, memory):
    """What the second kernel said, without "lab: "."""
    files = program.kdump() | {"/boot/bench.img": _initramfs(rounds)}
    with tempfile.TemporaryDirectory(prefix="kdump-second-", dir="/var/tmp") as work, \
            Machine(kernels.get(), work, memory=memory, crashkernel="384M", files=files) as machine:
        machine.boot()
        machine.guest.run(WORK, timeout=300)
        machine.guest.run("kdump load --reuse-cmdline --initrd /boot/bench.img", timeout=120)
        machine.end_at_reset()
        machine.panic()
        machine.wait_second_kernel()
        machine.wait_reset(900 + 120 * rounds)
        return re.findall(r"^lab: (.*)$", machine.crash_console(), re.M)


def compare(rounds, memory="1G"):
    said = [line.split() for line in _run(rounds, memory)]
    speeds = {(line[0], int(line[1])): float(line[2]) for line in said if line[0] in ("read", "mmap")}
    print(f"/proc/vmcore in the second kernel, one CPU, MiB/s (emulated)\n{'piece, KiB':>12} {'read':>9} {'mmap':>9} {'ratio':>7}")
    for size in sorted({size for _, size in speeds}):
        read, mapped = speeds["read", size], speeds["mmap", size]
        print(f"{size >> 10:12} {read:9.1f} {mapped:9.1f} {mapped / read:7.2f}")
    times = {}
    for line in said:
        if line[0] == "saves":
            times.setdefault(line[1], []).append((int(line[2]) / 100, int(line[3])))
    print(f"\n{'saving it, -d 31':28} {'ours s':>8} {'peer s':>8} {'ratio':>7} {'min':>6} {'max':>6} {'ours MB':>9} {'peer MB':>9}")
    for ours, peer in (("kdump", "makedumpfile-c"), ("kdump-lzo", "makedumpfile-l")):
        ratios = [b[0] / a[0] for a, b in zip(times[ours], times[peer])]
        a, b = times[ours], times[peer]
        print(f"{ours + ' beside ' + peer:28} {statistics.median(t for t, _ in a):8.2f} {statistics.median(t for t, _ in b):8.2f} "
              f"{statistics.median(ratios):7.2f} {min(ratios):6.2f} {max(ratios):6.2f} {a[-1][1] / 1e6:9.1f} {b[-1][1] / 1e6:9.1f}")
