# SPDX-License-Identifier: GPL-2.0-or-later
"""Second opinions on a dump: what other programs, run here, say of it."""

import re
import subprocess

from . import LabError

SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's drgn is for


def _run(*command, timeout=300, text_input=None):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, errors="replace",
                          input=text_input or "", timeout=timeout, check=False)
    if done.returncode != 0:
        raise LabError(f"{command[0]} refuses it (status {done.returncode}): {(done.stderr + done.stdout)[-2000:]}")
    return done.stdout


def readelf_loads(vmcore):
    """(paddr, vaddr, file size, memory size) of each PT_LOAD."""
    text = _run("readelf", "-lW", vmcore)
    return [tuple(int(field, 16) for field in (paddr, vaddr, file_bytes, memory_bytes))
            for vaddr, paddr, file_bytes, memory_bytes in re.findall(
                r"^\s+LOAD\s+\S+ (\S+) (\S+) (\S+) (\S+) ", text, re.MULTILINE)]


def readelf_notes(vmcore):
    """(owner, type) of each note, in order."""
    return re.findall(r"^  (\S+)\s+0x[0-9a-f]+\s+(.*)$", _run("readelf", "-nW", vmcore), re.MULTILINE)


def readelf_registers_count(vmcore):
    """How many CPUs have their registers in the notes."""
    return sum("NT_PRSTATUS" in kind for _, kind in readelf_notes(vmcore))


def gdb_registers(vmcore):
    """The registers of each thread of the core, as gdb has them, one dictionary a CPU."""
    text = _run("gdb", "-nx", "-batch", "-ex", f"core-file {vmcore}", "-ex", "thread apply all -ascending info registers")
    threads = re.split(r"^Thread \d+ .*$", text, flags=re.MULTILINE)[1:]
    return [{name: int(value, 16) for name, value in re.findall(r"^(\w+)\s+(0x[0-9a-f]+)", thread, re.MULTILINE)}
            for thread in threads]


def makedumpfile_dmesg(vmcore, work):
    """The kernel log as makedumpfile has it."""
    out = work / "makedumpfile-dmesg.txt"
    out.unlink(missing_ok=True)
    _run("makedumpfile", "--dump-dmesg", vmcore, out)
    return out.read_text(encoding="utf-8", errors="replace")


def makedumpfile_filter(vmcore, out, level=31):
    """Filters and compresses the dump; fails when makedumpfile does not understand it."""
    # --non-mmap: 1.7.2 dies of SIGSEGV in a core with many small holes
    _run("makedumpfile", "--non-mmap", "-c", "-d", str(level), vmcore, out)
    return out


def crash(vmlinux, vmcore, commands):
    """What crash(8) prints for these commands; vmlinux with debug information."""
    return _run("crash", "--no_scroll", "-s", vmlinux, vmcore, timeout=600, text_input=commands + "\nexit\n")


def drgn(vmlinux, vmcore, script, modules=()):
    """What a drgn script prints, in which `prog` is the dump; vmlinux and modules with debug information."""
    prelude = ("import drgn, sys\nfrom drgn.helpers.linux import *\nprog = drgn.Program()\n"
               "prog.set_core_dump(sys.argv[1])\nprog.load_debug_info(sys.argv[2:])\n")
    return _run(SYSTEM_PYTHON, "-c", prelude + script, vmcore, vmlinux, *modules, timeout=600)
