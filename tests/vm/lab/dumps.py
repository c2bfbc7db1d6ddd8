# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole dumps of guests that were filled in known ways, made once and kept in the cache.

    dump = dumps.get("filled")
    dump.vmcore      an ELF core of all memory, nothing filtered
    dump.kernel      whose it is
    dump.folder      beside it: what the guest said before the panic (meminfo, buddyinfo; kpageflags and
                     kpagecount where the recipe asks for them), and its crash folder

They are inputs of tests and of script/bench: what is checked is what kdump and other tools make of them.
"""

import dataclasses
import hashlib
import shutil
import tempfile
from pathlib import Path

from . import LabError, cache, kernels, program
from .machine import Machine
from .program import build_folder

FILL = "/usr/local/bin/guest-fill"
GUEST_FILES = Path(__file__).parent.parent / "guest"
PAGE_FLAGS = ["/proc/kpageflags", "/proc/kpagecount"]


@dataclasses.dataclass(frozen=True)
class Recipe:
    kernel: str
    memory: str
    fill_mib: int = 0      # 0: left idle
    huge_pages: int = 0
    hot_add: bool = False  # half a GiB more, and a balloon
    page_flags: bool = False
    cpu: str = "max"
    crashkernel: str = "192M"


RECIPES = {
    "idle": Recipe("6.1-cloud", "1G", cpu="qemu64", page_flags=True),
    "filled": Recipe("6.1-cloud", "4G", fill_mib=2800, huge_pages=80),
    "hot-added": Recipe("6.1-cloud", "1G,slots=2,maxmem=8G", fill_mib=500, huge_pages=8, hot_add=True),
    "6.12": Recipe("6.12-cloud", "1G", fill_mib=450, huge_pages=8, page_flags=True),
}


@dataclasses.dataclass(frozen=True)
class Dump:
    name: str
    folder: Path
    kernel: kernels.Kernel

    @property
    def vmcore(self):
        return self.folder / "crash/vmcore"

    def said(self, name):
        """The text of a file of the guest's, before the panic."""
        return (self.folder / name).read_text(encoding="ascii", errors="replace")


def _hot_add(machine):
    machine.qmp.monitor("object_add memory-backend-ram,id=more,size=512M")
    machine.qmp.monitor("device_add pc-dimm,id=dimm,memdev=more")
    machine.qmp.monitor("device_add virtio-balloon-pci,id=balloon")
    machine.guest.run("modprobe virtio_balloon; sleep 2; for block in /sys/devices/system/memory/memory*/state; do "
                      "grep -q offline $block && echo online >$block; done; true")


def _fill(machine, recipe):
    guest = machine.guest
    guest.run(f"echo {recipe.huge_pages} >/proc/sys/vm/nr_hugepages; "
              "echo always >/sys/kernel/mm/transparent_hugepage/enabled; "
              "mkdir -p /fill /tmp/fill; mount -o remount,size=90% /tmp")
    guest.run(f"setsid {FILL} {recipe.fill_mib} /fill /tmp/fill >/tmp/filled 2>&1 &")
    guest.run("for try in $(seq 600); do grep -q ready /tmp/filled && exit 0; sleep 1; done; cat /tmp/filled; exit 1",
              timeout=620)
    # the block device's own cache has private data
    guest.run("head -c 64M /dev/lab/root >/dev/null; cat /tmp/filled")


def _make(name, recipe):
    def build(folder):
        kernel = kernels.get(recipe.kernel)
        fill = build_folder() / "tests/vm/guest-fill"
        if not fill.exists():
            raise LabError(f"{fill}: not built; ninja -C {build_folder()}")
        cache.say(f"making the dump '{name}'")
        folder.mkdir()
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            with Machine(kernel, work, cpu=recipe.cpu, memory=recipe.memory, crashkernel=recipe.crashkernel,
                         target="ext4", files={**program.kdump(), FILL: fill}) as machine:
                _record(machine, recipe, folder)
                machine.end_at_reset()
                machine.panic(cpu=1)
                machine.wait_second_kernel()
                machine.wait_reset(900)
                shutil.move(machine.crash_folder(), folder / "crash")
                (folder / "console.log").write_text(machine.console.text(), encoding="utf-8")
        if not (folder / "crash/vmcore").exists():
            raise LabError(f"the dump '{name}' was not written: {(folder / 'crash/capture.log').read_text()}")
    return build


def _record(machine, recipe, folder):
    """Brings the guest to where it will panic, and notes what it says."""
    machine.boot()
    guest = machine.guest
    if recipe.hot_add:
        _hot_add(machine)
    guest.run("kdump initramfs && kdump load", timeout=180)
    if recipe.fill_mib:
        _fill(machine, recipe)
    if recipe.hot_add:
        machine.qmp.monitor("balloon 1400")
        guest.run("sleep 3")
    for name in ("meminfo", "buddyinfo", "iomem", "pagetypeinfo"):
        (folder / name).write_text(guest.output(f"cat /proc/{name}"), encoding="ascii")
    if recipe.page_flags:
        # out of the guest's memory by way of a disk, right before the panic
        for path in PAGE_FLAGS:
            guest.run(f"cat {path} >/tmp/{Path(path).name}", timeout=300)
        guest.get([f"/tmp/{Path(path).name}" for path in PAGE_FLAGS], folder / "flags")


def get(name):
    recipe = RECIPES[name]
    kernel = kernels.get(recipe.kernel)
    source = (GUEST_FILES / "guest-fill.c").read_bytes()
    digest = hashlib.sha256(source + repr(recipe).encode()).hexdigest()[:12]
    place = cache.folder() / "dumps" / f"{name}-{kernel.version}-{digest}"
    return Dump(name, cache.make(place, _make(name, recipe)), kernel)

