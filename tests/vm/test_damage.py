# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps with damage of every kind: each command gives what it can or says what is wrong, soon, and never dies."""

import json
import random
import re
import subprocess

import pytest

from lab import dumps, oracles, program
from lab.kdump_file import KdumpFile, without_page

COMMANDS = [("report", "--json"), ("bt", "-A", "--guess"), ("ps", "--json"), ("mods",), ("regs",), ("sym",), ("log",), ("info",),
            ("net",), ("irqs",), ("timers", "--json"), ("slab",), ("mounts",), ("locks",), ("files", "-p", "1"), ("cmdline",)]
PAGE = 4096


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A filtered ELF core, and where in it the kernel's image is: [(offset, bytes)]."""
    path = tmp_path_factory.mktemp("damage") / "core"
    subprocess.run([program.kdump_command(), "save", "--quiet", "-f", "elf", dumps.get("crowd").vmcore, path], check=True)
    content = path.read_bytes()
    image = [(int.from_bytes(content[at + 8:at + 16], "little"), size)
             for at, (_, vaddr, size, _) in zip(range(64 + 56, 1 << 30, 56), oracles.readelf_loads(path))
             if vaddr >> 31 == 0x1ffffffff]
    assert sum(size for _, size in image) > 20 << 20
    return content, image


def places(image, chance, count):
    """Offsets in the image, all bytes of it alike."""
    weights = [size for _, size in image]
    for offset, size in chance.choices(image, weights, k=count):
        yield offset + chance.randrange(size)


def flip_bytes(content, image, chance):
    for at in places(image, chance, chance.choice([100, 10000, 200000])):
        content[at] = chance.randrange(256)
    return content


def flip_bits(content, image, chance):
    for at in places(image, chance, chance.choice([100, 10000, 200000])):
        content[at] ^= 1 << chance.randrange(8)
    return content


def clear_pages(content, image, chance):
    for at in places(image, chance, chance.choice([10, 100, 1000])):
        at -= at % PAGE
        content[at:at + PAGE] = bytes(min(PAGE, len(content) - at))
    return content


def flip_anywhere(content, _, chance):
    for _ in range(20000):
        content[chance.randrange(1 << 15, len(content))] = chance.randrange(256)
    return content


def cut_off(content, _, chance):
    return content[:chance.randrange(len(content) // 8, len(content))]


@pytest.mark.parametrize("damage", [flip_bytes, flip_bits, clear_pages, flip_anywhere, cut_off])
@pytest.mark.parametrize("seed", range(3))
def test_commands_survive(small, damage, seed, tmp_path):
    content, image = small
    path = tmp_path / "core"
    path.write_bytes(damage(bytearray(content), image, random.Random(seed)))
    for name, *options in COMMANDS:
        done = subprocess.run([program.kdump_command(), name, *options, path], capture_output=True, timeout=60, check=False)
        assert done.returncode in (0, 1), (name, done.returncode)
        if done.returncode:
            assert done.stderr.startswith(b"kdump: "), name
    path.unlink()


def run(*arguments):
    return subprocess.run([program.kdump_command(), *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def filtered(tmp_path_factory):
    """A filtered dump, and a function: the page frame of an address in its kernel's image."""
    path = tmp_path_factory.mktemp("filtered") / "dump"
    subprocess.run([program.kdump_command(), "save", "--quiet", dumps.get("crowd").vmcore, path], check=True)
    with KdumpFile(path) as dump:
        info = dump.vmcoreinfo.decode()
    phys_base = int(re.search(r"^NUMBER\(phys_base\)=(-?\d+)$", info, re.M)[1])

    def pfn(name, offset=0):
        found = re.search(rf"^SYMBOL\({name}\)=([0-9a-f]+)$", info, re.M)
        vaddr = int(found[1] if found else json.loads(run("sym", "--json", path, name).stdout)[0]["address"], 16)
        return (vaddr + offset - 0xffffffff80000000 + phys_base) // PAGE
    return path, pfn


@pytest.mark.parametrize("where, as_before, told", [
    (("kallsyms_names",), [("log",)],
     {"bt": "symbols: ", "ps": "symbols: ", "regs": "there are only the notes", "report": "missing    symbols: "}),
    (("__start_BTF", PAGE), [("log",), ("sym", "schedule"), ("cmdline",)],
     {"bt": "warning: no types: ", "type": "warning: no types: ", "report": "missing    types: "}),
    (("init_top_pgt",), [("log",), ("sym", "schedule"), ("type", "task_struct")],
     {"bt": "are missing: rq.idle: page table of level 5: ", "mods": "page table of level 5: "}),
    (("__start_orc_unwind", 0x40000), [("log",), ("ps",), ("sym",), ("mods",), ("slab",), ("locks",)], {})])
def test_a_page_that_was_left_out(filtered, where, as_before, told, tmp_path):
    """What does not need it is as before; what does says that it is missing, and where."""
    path, pfn = filtered
    out = tmp_path / "dump"
    without_page(path, out, pfn(*where))
    for command, *arguments in as_before:
        there = run(command, path, *arguments).stdout
        assert there and run(command, out, *arguments).stdout == there, command
    for command, why in told.items():
        done = run(command, out, *["list_head"] * (command == "type"))
        said = done.stdout + done.stderr
        assert why in said and re.search(r"physical address 0x[0-9a-f]+: RAM, but left out of the dump", said), command
        assert done.returncode == (command not in ("regs", "report")), command
    assert run("verify", out).returncode == (where[0] == "init_top_pgt")
    frames = json.loads(run("bt", "-A", "--json", out).stdout or "[]")
    for ours, before in zip(frames, json.loads(run("bt", "-A", "--json", path).stdout)):
        assert ours["frames"] == before["frames"][:len(ours["frames"])]
        assert ours["frames"] == before["frames"] or "left out of the dump" in ours["missing"]


def test_the_note_is_lost(small, tmp_path):
    """VMCOREINFO is in memory, too."""
    content, _ = small
    whole, lost = tmp_path / "whole", tmp_path / "lost"
    whole.write_bytes(content)
    lost.write_bytes(content.replace(b"VMCOREINFO\0", b"XMCOREINFO\0", 1))
    for command in (("bt", "-A"), ("ps",), ("log",)):
        assert run(*command, lost).stdout == run(*command, whole).stdout
    assert "the note is lost" in run("verify", lost).stdout


class Memory:
    """A copy of an ELF core, to be damaged at virtual addresses."""

    def __init__(self, content, path):
        self.content, self.path = bytearray(content), path
        path.write_bytes(content)
        self.loads = [(int.from_bytes(content[at + 8:at + 16], "little"), vaddr, size)
                      for at, (_, vaddr, size, _) in zip(range(64 + 56, 1 << 30, 56), oracles.readelf_loads(path))]

    def put(self, vaddr, number):
        offset, = (offset + vaddr - start for offset, start, size in self.loads if start <= vaddr < start + size)
        self.content[offset:offset + 8] = number.to_bytes(8, "little")

    def damaged(self):
        self.path.write_bytes(self.content)
        return self.path

    def member(self, path):
        """The offset of a member."""
        offset, within = 0, path.split(".")[0]
        for name in path.split(".")[1:]:
            member, = (member for member in listed("type", self.path, within)["members"] if member["name"] == name)
            offset, within = offset + member["offset"], member["type"]
        return offset


def listed(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


@pytest.fixture
def memory(small, tmp_path):
    return Memory(small[0], tmp_path / "core")


NOWHERE = 0x10
ITEMS = [("files", None, "file", "file.f_path.mnt"), ("slab", None, "cache", "kmem_cache.name"), ("net", "sockets", "socket", "sock.sk_socket"),
         ("net", "interfaces", "interface", "net_device.ip_ptr"), ("irqs", None, "descriptor", "irq_desc.irq_data.chip"),
         ("mounts", None, "mount", "mount.mnt.mnt_sb")]


@pytest.mark.parametrize("command,key,address,member", ITEMS)
def test_one_bad_item(memory, command, key, address, member):
    """It is left out, with the reason; all others are listed, and the exit status tells."""
    options = []
    if command == "files":
        options = ["-p", str(next(task["pid"] for task in listed("ps", memory.path) if task["comm"] == "in-accept"))]

    def items():
        done = run(command, *options, "--json", memory.path)
        found = json.loads(done.stdout)
        return done, found[key] if key else found
    done, before = items()
    assert done.returncode == 0 and not done.stderr and len(before) >= 2
    bad = before[len(before) // 2][address]
    memory.put(int(bad, 16) + memory.member(member), NOWHERE)
    memory.damaged()
    done, after = items()
    assert after == [item for item in before if item.get(address) != bad]
    assert done.returncode == 1 and ": 1 left out: " in done.stderr, done.stderr


def test_timers_behind_a_bad_one(memory):
    """Those of its bucket are lost, and none of other clocks and CPUs."""
    before = listed("timers", memory.path)
    # those in memory of modules are where only page tables lead
    bad = next(timer for timer in before if timer["clock"] == "jiffies" and timer["cpu"] == 0 and
               any(start <= int(timer["timer"], 16) < start + size for _, start, size in memory.loads))
    memory.put(int(bad["timer"], 16) + memory.member("timer_list.entry.next"), NOWHERE)
    done = run("timers", "--json", memory.damaged())
    after = json.loads(done.stdout)
    assert done.returncode == 1 and "CPU 0, jiffies: " in done.stderr
    assert bad in after and len(after) > len(before) - 5 and {timer["cpu"] for timer in after} == {0, 1, 2, 3}


@pytest.mark.parametrize("to", ["nowhere", "earlier", "later"])
def test_a_list_of_tasks_that_is_broken(memory, to):
    """One link, whichever way: all are found, and in order."""
    whole = run("ps", memory.path).stdout
    tasks = [int(task["task"], 16) for task in listed("ps", memory.path) if task["pid"] == task["tgid"] and not task["idle"]]
    link = memory.member("task_struct.tasks.next")
    middle = len(tasks) // 2
    target = {"nowhere": NOWHERE, "earlier": tasks[3] + link, "later": tasks[-3] + link}[to]
    memory.put(tasks[middle] + link, target)
    done = run("ps", memory.damaged())
    assert done.returncode == 1 and "were found, but" in done.stderr and done.stdout == whole
