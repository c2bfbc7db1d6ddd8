# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole dumps of guests that were filled in known ways, made once and kept in the cache.

    dump = dumps.get("filled")
    dump.vmcore      an ELF core of all memory, nothing filtered
    dump.kernel      whose it is
    dump.folder      beside it: what the guest said before the panic (meminfo, buddyinfo), and its crash folder
    dump.page_flags(), dump.page_counts()   what its kernel said of each page right before, where the
                     recipe asks for it

They are inputs of tests and of script/bench: what is checked is what kdump and other tools make of them.
"""

import dataclasses
import hashlib
import inspect
import re
import tempfile
from pathlib import Path

from . import LabError, cache, kernels, program
from .machine import Machine
from .program import build_folder

FILL = "/usr/local/bin/guest-fill"
CROWD = "/usr/local/bin/guest-crowd"
GUEST_FILES = Path(__file__).parent.parent / "guest"
# Documentation/admin-guide/mm/pagemap.rst: 8 bytes a page each. They go to the disk past all caches, so that
# next to nothing changes until the panic.
PAGE_FLAGS = "/proc/kpageflags"
PAGE_COUNTS = "/proc/kpagecount"
PAGE_FILE_MIB = 16


@dataclasses.dataclass(frozen=True)
class Recipe:
    kernel: str
    memory: str
    fill_mib: int = 0      # 0: left idle
    huge_pages: int = 0
    thin_huge_pages: bool = False  # whose tails share their struct pages (HugeTLB vmemmap optimization)
    hot_add: bool = False  # half a GiB more, and a balloon
    page_flags: bool = False
    crowd: bool = False    # processes and threads in known states, and what the guest says of all of them
    sysrq: bool = False    # … and what its kernel prints of them on SysRq l and t
    cpus: int = 2
    cpu: str = "max"
    crashkernel: str = "192M"


RECIPES = {
    "idle": Recipe("6.1-cloud", "1G", cpu="qemu64", page_flags=True),
    "filled": Recipe("6.1-cloud", "1536M", fill_mib=950, huge_pages=28),
    "large": Recipe("6.1-cloud", "4G", fill_mib=2800, huge_pages=80),  # for script/bench and slow tests
    "hot-added": Recipe("6.1-cloud", "1G,slots=2,maxmem=8G", fill_mib=500, huge_pages=8, thin_huge_pages=True, hot_add=True),
    "6.12": Recipe("6.12-cloud", "1G", fill_mib=450, huge_pages=8, thin_huge_pages=True, page_flags=True),
    "crowd": Recipe("6.1-cloud", "1G", crowd=True, cpus=4),
    "crowd-6.12": Recipe("6.12-cloud", "1G", crowd=True, cpus=4),
    "crowd-regular": Recipe("6.1", "1G", crowd=True, cpus=3, crashkernel="256M"),
    "crowd-rt": Recipe("6.1-rt", "1G", crowd=True, cpus=4, crashkernel="256M"),
    # page tables of 4 levels, and fewer CPUs
    "crowd-small": Recipe("6.1-cloud", "512M", crowd=True, cpus=1, cpu="qemu64", crashkernel="128M"),
    "crowd-regular-small": Recipe("6.1", "1G", crowd=True, cpus=1, cpu="qemu64", crashkernel="256M"),
    "crowd-rt-small": Recipe("6.1-rt", "1G", crowd=True, cpus=2, cpu="qemu64", crashkernel="256M"),
    "crowd-6.12-small": Recipe("6.12-cloud", "1G", crowd=True, sysrq=True, cpus=2, cpu="Skylake-Server"),
}
# What the guest's own kernel says of every thread: a line of /proc/PID/stat, one of how long it ran and waited, then its kernel stack.
ASK_TASKS = ("for task in /proc/[0-9]*/task/[0-9]*; do "
             "echo \"task $(cat $task/stat 2>/dev/null)\"; "
             "echo \"schedstat $(cat $task/schedstat 2>/dev/null)\"; cat $task/stack 2>/dev/null; done")
# The open files of some: "process PID", then lines of number and path.
ASK_FILES = ("for pid in 1 $(pidof mutex-holder) $(pidof in-accept); do echo process $pid; "
             "for file in /proc/$pid/fd/*; do echo ${file##*/} $(readlink $file); done; done")
# Who has namespaces of its own sees other interfaces and mounts; its process id is noted when all of them are there.
OWN_NAMESPACES = ("ip link set lo up; mkdir /tmp/own; mount -t tmpfs -o ro,nosuid,nodev,noexec,noatime own /tmp/own; "
                  "mount -t tmpfs -o sync,dirsync,nodiratime over /tmp/own; mount -o remount,bind,ro,nosuid /run; echo $$ >/tmp/own-pid")
# The first page of each mapping of a process: their addresses, and all of them behind one another.
ASK_USER_PAGES = ("pid=$(pidof in-network); echo $pid >/tmp/user-addresses; cat /proc/$pid/maps >/tmp/maps; "
                  "sed -n 's/-.* r.*//p' /proc/$pid/maps | while read at; do "
                  "dd if=/proc/$pid/mem of=/tmp/user-page bs=4096 skip=$((0x$at / 4096)) count=1 2>/dev/null && "
                  "echo $at >>/tmp/user-addresses && cat /tmp/user-page >>/tmp/user-pages; done; true")
# Two functions whose return is traced, one in each way: who sleeps in them has another return address on its stack.
TRACED = {"in-poll": "do_sys_poll", "in-accept": "__sys_accept4"}
TRACE = (f"mount -t tracefs tracefs /sys/kernel/tracing && cd /sys/kernel/tracing && echo r {TRACED['in-accept']} >kprobe_events && "
         f"echo 1 >events/kprobes/enable && echo {TRACED['in-poll']} >set_graph_function && echo {TRACED['in-poll']} >set_ftrace_filter && "
         "echo function_graph >current_tracer && cd /")
# What it says of itself right before the panic, by name of the file in /proc.
ASK_PROC = ["interrupts", "slabinfo", "timer_list", "cmdline", "net/tcp", "net/tcp6", "net/udp", "net/udp6", "net/raw", "net/raw6", "net/unix"]


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

    def page_flags(self):
        return self._page_file(PAGE_FLAGS)

    def page_counts(self):
        return self._page_file(PAGE_COUNTS)

    def _page_file(self, path):
        """One number of 8 bytes for each page frame."""
        return memoryview((self.folder / Path(path).name).read_bytes()).cast("Q")


def _hot_add(machine):
    machine.qmp.monitor("object_add memory-backend-ram,id=more,size=512M")
    machine.qmp.monitor("device_add pc-dimm,id=dimm,memdev=more")
    machine.qmp.monitor("device_add virtio-balloon-pci,id=balloon")
    machine.guest.run("modprobe virtio_balloon; sleep 2; for block in /sys/devices/system/memory/memory*/state; do "
                      "grep -q offline $block && echo online >$block; done; true")


def _fill(machine, recipe):
    guest = machine.guest
    guest.run(f"echo {int(recipe.thin_huge_pages)} >/proc/sys/vm/hugetlb_optimize_vmemmap; "
              f"echo {recipe.huge_pages} >/proc/sys/vm/nr_hugepages; "
              "echo always >/sys/kernel/mm/transparent_hugepage/enabled; "
              "mkdir -p /fill /tmp/fill; mount -o remount,size=90% /tmp")
    guest.run(f"setsid {FILL} {recipe.fill_mib} /fill /tmp/fill >/tmp/filled 2>&1 &")
    guest.run("for try in $(seq 600); do grep -q ready /tmp/filled && exit 0; sleep 1; done; cat /tmp/filled; exit 1",
              timeout=620)
    # the block device's own cache has private data
    guest.run("head -c 64M /dev/lab/root >/dev/null; cat /tmp/filled")


def _gather(machine, recipe, folder):
    guest = machine.guest
    last = recipe.cpus - 1
    guest.run("modprobe -a ext4 virtio_net overlay 2>/dev/null; true")
    guest.run("modprobe pktgen")  # its threads sleep in a function of the module's own
    guest.run("ip link set lo up; ip addr add 192.0.2.7/24 dev lo; "
              f"setsid unshare -n -m sh -c '{OWN_NAMESPACES}; exec sleep 1000000' >/dev/null 2>&1 &")
    # one request is answered, and those after it are not before an hour has passed
    machine.qmp.monitor("block_set_io_throttle in 1 0 0 0 0 0")
    guest.run("dd if=/dev/lab/in of=/dev/null bs=4096 count=1 skip=8192 iflag=direct 2>/dev/null")
    guest.run(TRACE)
    guest.run(f"setsid {CROWD} {max(last - 1, 0)} {last} /dev/lab/in >/tmp/gathered 2>&1 &")
    guest.run("for try in $(seq 120); do grep -q ready /tmp/gathered && exit 0; sleep 1; done; exit 1", timeout=180)
    guest.run(f"cat /proc/kallsyms >/tmp/kallsyms; cat /proc/modules >/tmp/modules; dmesg >/tmp/dmesg; ({ASK_TASKS}) >/tmp/tasks",
              timeout=300)
    guest.run(f"({ASK_FILES}) >/tmp/files; cat /proc/mounts >/tmp/mounts; "
              f"cat /proc/$(cat /tmp/own-pid)/mountinfo >/tmp/own-mountinfo; {ASK_USER_PAGES}", timeout=120)
    guest.run("cd /sys/module; for file in $(find . -path '*/sections/*' -type f); do echo $file:$(cat $file); done >/tmp/sections; cd /; ip -o addr >/tmp/addresses; ip -o link >/tmp/links; " +
              "; ".join(f"cat /proc/{name} >/tmp/{name.replace('/', '-')}" for name in ASK_PROC), timeout=60)
    if recipe.sysrq:
        guest.run("echo l >/proc/sysrq-trigger; echo t >/proc/sysrq-trigger; dmesg >/tmp/sysrq", timeout=300)
        guest.get(["/tmp/sysrq"], folder / "said")
    asked = ["kallsyms", "modules", "dmesg", "tasks", "files", "mounts", "own-pid", "own-mountinfo", "maps", "user-addresses", "user-pages", "addresses", "links", "sections"]
    guest.get([f"/tmp/{name.replace('/', '-')}" for name in asked + ASK_PROC], folder / "said")


def _make(name, recipe):
    def build(folder):
        kernel = kernels.get(recipe.kernel)
        programs = {name: build_folder() / "tests/vm" / Path(name).name for name in (FILL, CROWD)}
        for path in programs.values():
            if not path.exists():
                raise LabError(f"{path}: not built; ninja -C {build_folder()}")
        cache.say(f"making the dump '{name}'")
        folder.mkdir()
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            with Machine(kernel, work, cpu=recipe.cpu, cpus=recipe.cpus, memory=recipe.memory,
                         crashkernel=recipe.crashkernel, target="ext4",
                         append="log_buf_len=8M" if recipe.sysrq else "",
                         files={**program.kdump(), **programs}) as machine:
                _record(machine, recipe, folder)
                machine.end_at_reset()
                machine.panic(cpu=min(1, recipe.cpus - 1), before=_write_page_files() if recipe.page_flags else "true")
                machine.wait_second_kernel()
                if recipe.crowd:  # not before: whoever waits for the disk is to wait to the end
                    machine.qmp.monitor("block_set_io_throttle in 0 0 0 0 0 0")
                if recipe.page_flags:
                    _read_page_files(machine, folder)
                machine.wait_reset(900)
                machine.crash_folder(destination=folder / "crashes").rename(folder / "crash")
                (folder / "crashes").rmdir()
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
    if recipe.crowd:
        _gather(machine, recipe, folder)
    if recipe.hot_add:
        machine.qmp.monitor("balloon 1400")
        guest.run("sleep 3")
    for name in ("meminfo", "buddyinfo", "iomem", "pagetypeinfo"):
        (folder / name).write_text(guest.output(f"cat /proc/{name}"), encoding="ascii")


def _write_page_files():
    return "; ".join(f"dd if={path} of=/dev/lab/out bs=1M seek={number * PAGE_FILE_MIB} oflag=direct conv=fsync"
                     for number, path in enumerate((PAGE_COUNTS, PAGE_FLAGS)))


def _read_page_files(machine, folder):
    ends = re.findall(r"^[0-9a-f]+-([0-9a-f]+) : System RAM", (folder / "iomem").read_text(), re.M)
    frames = (max(int(end, 16) for end in ends) + 1) // 4096
    with open(machine.guest.disk_out, "rb") as disk:
        for number, path in enumerate((PAGE_COUNTS, PAGE_FLAGS)):
            disk.seek(number * PAGE_FILE_MIB << 20)
            (folder / Path(path).name).write_bytes(disk.read(frames * 8))


def get(name):
    recipe = RECIPES[name]
    kernel = kernels.get(recipe.kernel)
    source = (GUEST_FILES / ("guest-crowd.c" if recipe.crowd else "guest-fill.c")).read_bytes()
    source += inspect.getsource(_make).encode() + inspect.getsource(_record).encode()
    source += inspect.getsource(_gather if recipe.crowd else _fill).encode()
    if recipe.crowd:  # the report that the second kernel made is compared with one that is made here
        sources = GUEST_FILES.parent.parent.parent / "src"
        source += b"".join(path.read_bytes() for layer in ("inspect", "report") for path in sorted((sources / layer).glob("*.c")))
    digest = hashlib.sha256(source + repr(recipe).encode()).hexdigest()[:12]
    place = cache.folder() / "dumps" / f"{name}-{kernel.version}-{digest}"
    return Dump(name, cache.make(place, _make(name, recipe)), kernel)

