# SPDX-License-Identifier: GPL-2.0-or-later
"""Convenience functions for gdb on a dump, by the names that the kernel's scripts/gdb gave them.

`kdump gdb` has gdb execute this. What runs where is asked of the stub once (`monitor ps`): a dump does not change.
"""

import functools
import re

import gdb


class Tasks:
    """The tasks of the dump, as the stub lists them."""

    def __init__(self):
        self.by_thread, self.by_cpu, self.by_pid = {}, {}, {}
        listed = gdb.execute("monitor ps", to_string=True)
        for line in re.finditer(r"^ *(\d+) +(-?\d+) +-?\d+ +(\d+) \S ([0-9a-f]{16}) (running|-) ", listed, re.M):
            thread, pid, cpu = map(int, line.groups()[:3])
            vaddr = int(line[4], 16)
            self.by_thread[thread] = vaddr
            self.by_pid.setdefault(pid, vaddr)
            if line[5] == "running":
                self.by_cpu[cpu] = vaddr


@functools.lru_cache(maxsize=None)
def tasks():
    return Tasks()


def pointer(vaddr, name):
    return gdb.Value(vaddr).cast(gdb.lookup_type(name).pointer())


def task_struct(table, key, what):
    if not table.get(int(key)):
        raise gdb.GdbError(f"there is no {what} {int(key)} in this dump")
    return pointer(table[int(key)], "struct task_struct").dereference()


class Current(gdb.Function):
    """$lx_current([CPU]): the struct task_struct of gdb's thread, or of what a CPU ran."""

    def __init__(self):
        super().__init__("lx_current")

    def invoke(self, cpu=None):
        if cpu is not None:
            return task_struct(tasks().by_cpu, cpu, "CPU")
        return task_struct(tasks().by_thread, gdb.selected_thread().ptid[1], "task of thread")


class TaskByPid(gdb.Function):
    """$lx_task_by_pid(PID): its struct task_struct."""

    def __init__(self):
        super().__init__("lx_task_by_pid")

    def invoke(self, pid):
        return task_struct(tasks().by_pid, pid, "process")


def is_possible(cpu):
    """Whether the kernel made room for a CPU; what it has of others is of nobody."""
    count = int(gdb.parse_and_eval("nr_cpu_ids"))
    return 0 <= cpu < count and int(gdb.parse_and_eval(f"__cpu_possible_mask.bits[{cpu // 64}]")) >> cpu % 64 & 1


class PerCpu(gdb.Function):
    """$lx_per_cpu(VARIABLE[, CPU]): a per-CPU variable of a CPU, or of the one that gdb's thread is on."""

    def __init__(self):
        super().__init__("lx_per_cpu")

    def invoke(self, variable, cpu=None):
        if cpu is None:
            current = tasks().by_thread.get(gdb.selected_thread().ptid[1])
            found = [number for number, vaddr in tasks().by_cpu.items() if vaddr == current]
            if not found:
                raise gdb.GdbError("this thread is on no CPU: name one")
            cpu = found[0]
        if not is_possible(int(cpu)):
            raise gdb.GdbError(f"there is no CPU {int(cpu)} in this dump")
        offset = gdb.parse_and_eval(f"((unsigned long *)&__per_cpu_offset)[{int(cpu)}]")
        place = (int(variable.address) + int(offset)) % (1 << 64)
        return gdb.Value(place).cast(variable.type.pointer()).dereference()


class Refuse(gdb.Command):
    """Tell that a dump cannot run. It is what `until` does: where gdb (13) has no lines, as in what is made out of a dump, it
    would look for the end of one for ever, and ask nobody."""

    def __init__(self):
        super().__init__("kdump-refuse", gdb.COMMAND_RUNNING)
        gdb.execute("define hook-until\nkdump-refuse\nend", to_string=True)

    def invoke(self, argument, from_tty):
        raise gdb.GdbError("a dump cannot be changed or run: this system is dead")


Current()
TaskByPid()
PerCpu()
Refuse()
