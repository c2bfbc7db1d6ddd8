# SPDX-License-Identifier: GPL-2.0-or-later
"""The symbol file that is made from a dump alone, as stock gdb and binutils read it."""

import collections
import json
import re
import subprocess
from pathlib import Path

import pytest

from lab import core, dumps, program

USER_END = 1 << 56
LAYOUTS = ("task_struct mm_struct rq page inode super_block net sock tcp_sock pt_regs orc_entry cpuinfo_x86 bio sk_buff "
           "device module perf_event_attr iphdr kernfs_node zone").split()
# What gdb says of each thread: its registers' pc, then "FRAME pc name" of each frame, and why there are no more.
FRAMES = """
import gdb
for thread in sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num):
    thread.switch()
    print("THREAD", thread.num)
    frame = gdb.newest_frame()
    while frame is not None:
        last = frame
        print("FRAME", "%x" % (frame.pc() & (1 << 64) - 1), frame.name())
        frame = frame.older()
    print("END", gdb.frame_stop_reason_string(last.unwind_stop_reason()))
"""
# The members of structs, each with its place in bits and its bits.
MEMBERS = """
import gdb
def show(kind, base):
    for field in kind.fields():
        inner = field.type.strip_typedefs()
        if field.name:
            print("MEMBER", field.name, base + field.bitpos, field.bitsize, field.type.sizeof)
        else:
            show(inner, base + field.bitpos)
for name in NAMES:
    print("STRUCT", name)
    show(gdb.lookup_type("struct " + name), 0)
"""


def kdump(*arguments):
    done = subprocess.run([program.kdump_command(), *arguments], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return json.loads(done.stdout or "null")


def run(*command, timeout=300):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return done


def gdb(*arguments, commands=(), script=None, folder=None):
    """What gdb prints; it complains of nothing but the age of the file."""
    if script:
        (folder / "script.py").write_text(script, encoding="ascii")
        commands = [*commands, f"source {folder / 'script.py'}"]
    done = run("gdb", "-nx", "-batch", *arguments, *(word for command in commands for word in ("-ex", command)))
    complaints = [line for line in done.stderr.splitlines() if line and "exec file is newer" not in line]
    assert not complaints, complaints
    return done.stdout


@pytest.fixture(scope="module", params=["crowd", "crowd-6.12"])
def dump(request):
    return dumps.get(request.param)


@pytest.fixture(scope="module")
def symfile(dump, tmp_path_factory):
    path = tmp_path_factory.mktemp("symfile") / "symbols"
    assert kdump("symfile", "-o", path, dump.vmcore) is None
    return path


def test_binutils_accept_it(dump, symfile):
    """Every symbol at its place, in nm; readelf has nothing to say of any section; addr2line names functions."""
    ours = {(int(symbol["address"], 16), symbol["name"]) for symbol in kdump("sym", "--json", dump.vmcore)}
    theirs = {(int(address, 16), name) for address, _, name in
              (line.split() for line in run("nm", "-a", symfile).stdout.splitlines())}
    assert ours == theirs and len(ours) > 80000
    for what in ("-SsW", "--debug-dump=info", "--debug-dump=abbrev", "--debug-dump=frames"):
        assert not run("readelf", what, symfile).stderr
    frames = [frame for stack in kdump("bt", "-a", "--json", dump.vmcore) for frame in stack["frames"]]
    # A return address may be that of the next function; what an interrupt found can be a function's first instruction.
    names = run("addr2line", "-f", "-e", symfile,
                *(hex(int(frame["pc"], 16) - (not frame["interrupted"])) for frame in frames)).stdout.splitlines()[::2]
    assert [frame["symbol"] for frame in frames] == names


def threads_of(symfile, vmcore, folder):
    """[(frames, why there are no more)] by thread, each frame (pc, name)."""
    text = gdb(symfile, vmcore, script=FRAMES, folder=folder)
    threads = []
    for thread in re.split(r"^THREAD \d+\n", text, flags=re.M)[1:]:
        frames = [(int(pc, 16), name) for pc, name in re.findall(r"^FRAME (\w+) (.*)$", thread, re.M)]
        threads.append((frames, re.search(r"^END (.*)$", thread, re.M)[1]))
    return threads


def test_stacks(dump, symfile, tmp_path):
    """Of every CPU, frame by frame as kdump bt has them; then what user space was at, and no guess behind that."""
    ours = {stack["cpu"]: stack for stack in kdump("bt", "-a", "--json", dump.vmcore)}
    theirs = threads_of(symfile, dump.vmcore, tmp_path)
    # gdb takes idle CPUs, which all have number 0, for one
    assert len(theirs) >= 4 and len(core.registers_of_cpus(dump.vmcore)) == len(ours)
    places = {symbol["name"]: symbol["address"] for symbol in kdump("sym", "--json", dump.vmcore)}
    compared = 0
    for frames, why in theirs:
        assert why == "outermost", frames
        user = frames[-1:] if frames[-1][0] < USER_END else []
        kernel = frames[:len(frames) - len(user)]
        ours_of, = [stack for stack in ours.values() if stack["user"] == bool(user) and
                    [int(frame["pc"], 16) for frame in stack["frames"]] == [pc for pc, _ in kernel]]
        for frame, (_, name) in zip(ours_of["frames"], kernel):
            assert places[frame["symbol"]] == places[name], (frame, name)
        compared += len(kernel)
    assert compared > 20
    sh, = [frames for frames, _ in theirs if frames[0][1] == "__crash_kexec"]
    assert [name for _, name in sh[1:3]] == ["panic", "sysrq_handle_crash"] and "vfs_write" in [name for _, name in sh]


def test_registers_of_callers(symfile, dump):
    """What is not known is not shown; what an interrupt or a system call saved is."""
    text = gdb(symfile, dump.vmcore, commands=["thread 2", "frame 2", "info registers rbx r12", "frame function do_syscall_64", "up 2",
                                               "info registers rip rax cs"])
    assert len(re.findall(r"^(?:rbx|r12) +<not saved>", text, re.M)) == 2
    rip, = re.findall(r"^rip +0x(\w+)", text, re.M)
    assert int(rip, 16) < USER_END and re.search(r"^cs +0x33 ", text, re.M)


def test_variables(symfile, dump):
    """Well-known ones, in the kernel's data; a per-CPU one at its CPU's own place; module types by their names."""
    text = gdb(symfile, dump.vmcore, commands=[
        "p init_task.comm", "p nr_cpu_ids", "info symbol schedule", "p *prb", "whatis runqueues", "p saved_command_line",
        "p ((struct rq *)((char *)&runqueues + __per_cpu_offset[1]))->cpu",
        "p ((struct rq *)((char *)&runqueues + __per_cpu_offset[1]))->curr->comm",
        "p ((struct task_struct *)((char *)init_task.tasks.next - (long)&((struct task_struct *)0)->tasks))->pid",
        "p ((struct list_head *)modules.next)->prev", "p *((struct module *)((char *)modules.next - 8))->name@8",
        "ptype vfs_read", "whatis virtnet_probe", "ptype struct virtnet_info",
        "info scope vfs_read", "info types ^task_struct$", "info variables ^init_task$"])
    assert '$1 = "swapper/0\\000' in text and "\n$2 = 4\n" in text
    assert "schedule in section .text\n" in text and "type = struct rq\n" in text
    assert f'"{dump.said("said/tmp/cmdline").strip()}"' in text
    assert re.search(r'^\$\d = 1\n\$\d = "sh[\\"]', text, re.M)
    assert re.search(r"^\$\d+ = 1$", text.split('"sh')[1], re.M), "the task after init_task is process 1"
    assert re.search(r"^\$\d+ = \(struct list_head \*\) 0x\w+ <modules>\n\$\d+ = \"" + kdump("mods", "--json", dump.vmcore)[0]["name"][:8],
                     text, re.M), "memory of modules"
    assert "type = ssize_t (struct file *, char *, size_t, loff_t *)\n" in text.replace("long (", "ssize_t (")
    assert "type = int (struct virtio_device *)\n" in text and "struct virtio_device *vdev;" in text
    assert re.findall(r"^Symbol (\w+) is optimized out\.$", text, re.M) == ["file", "buf", "count", "pos"]
    assert "\tstruct task_struct;\n" in text and "\tstruct task_struct init_task;\n" in text


def test_layouts(symfile, dump, tmp_path):
    """Members and their places as kdump type has them, which is compared with pahole elsewhere."""
    text = gdb(symfile, script=f"NAMES = {LAYOUTS!r}\n{MEMBERS}", folder=tmp_path)
    theirs = {}
    for struct in re.split(r"^STRUCT ", text, flags=re.M)[1:]:
        name, _, members = struct.partition("\n")
        theirs[name] = [(name, *map(int, numbers)) for name, *numbers in
                        re.findall(r"^MEMBER (\S+) (\d+) (\d+) (\d+)$", members, re.M)]

    def flat(members):
        for member in members:
            if member["name"]:
                yield (member["name"], 8 * member["offset"] + member.get("bit_offset", 0), member.get("bits", 0), member["size"])
            else:
                yield from flat(member["members"])
    for name in LAYOUTS:
        assert theirs[name] == list(flat(kdump("type", "--json", dump.vmcore, name)["members"])), name
    assert len(theirs["task_struct"]) > 150


def table_of(symfile):
    """Names of the kernel's own variables, those of src/symfile/globals.c among them."""
    info = run("readelf", "--debug-dump=info", symfile).stdout
    table = [entry for entry in re.split(r"^ <1>", info.partition("Compilation Unit @ offset 0:")[2], flags=re.M)
             if "(DW_TAG_variable)" in entry]
    return [re.search(r"DW_AT_name .*: (\S+)$", entry, re.M)[1] for entry in table]


def test_every_row_of_the_table(tmp_path):
    """A row whose symbol or type no kernel has is a mistake, and nobody would miss it."""
    source = (Path(__file__).parents[2] / "src/symfile/globals.c").read_text(encoding="ascii")
    rows = re.findall(r'^\t\{"(\w+)", KD_BTF', source, re.M)
    assert len(rows) > 50
    found = {}
    for name in ("crowd", "crowd-6.12"):
        kdump("symfile", "-o", tmp_path / name, dumps.get(name).vmcore)
        found[name] = set(table_of(tmp_path / name))
    without_numa = {"contig_page_data"}  # which no kernel of the laboratory is
    assert set(rows) - found["crowd"] == without_numa
    assert set(rows) - found["crowd-6.12"] == without_numa | {"vmap_area_list"}  # gone since 6.9


@pytest.mark.parametrize("name", ["crowd", pytest.param("crowd-6.12", marks=pytest.mark.slow)])
def test_like_the_debug_package(name, tmp_path_factory):
    """Layouts and well-known variables, as gdb prints them with the DWARF that BTF was made from."""
    dump = dumps.get(name)
    path = tmp_path_factory.mktemp("symfile") / "symbols"
    kdump("symfile", "-o", path, dump.vmcore)
    names = table_of(path)
    symbols = collections.Counter(symbol["name"] for symbol in kdump("sym", "--json", dump.vmcore) if not symbol["module"])
    assert {symbols[name] for name in names} == {1}  # what has another of its name could be either
    assert len(names) > 300 and {"init_task", "init_net", "super_blocks", "runqueues"} <= set(names)
    commands = [f"ptype /o struct {name}" for name in LAYOUTS]
    commands += ["echo \\n=\\n", *(f"whatis {name}" for name in names)]
    theirs, ours = ([text.replace("[0]", "[]") for text in gdb(file, commands=commands).split("\n=\n")]
                    for file in (dump.kernel.debug_vmlinux(), path))
    assert theirs[0] == ours[0] and len(ours[0].splitlines()) > 5000

    def known(line):
        """
        BTF lacks qualifiers of the variables in our table, and their arrays have no length there. The declaration of node_data
        (since 6.12 in mm/numa.c) says the same in other words.
        """
        line = re.sub(r"\b(const|volatile) ", "", line).replace("pg_data_t", "struct pglist_data")
        return re.sub(r"\[\d*\]", "[]", line)
    for name, their_line, our_line in zip(names, theirs[1].splitlines(), ours[1].splitlines()):
        assert known(their_line) == known(our_line), name


@pytest.mark.parametrize("bytes_kept", [1 << 20, 100 << 20, 400 << 20])
def test_dump_that_ends_early(bytes_kept, tmp_path):
    """A clear error or a file that gdb reads; what was at its place stays when there is an error."""
    dump = dumps.get("crowd")
    cut, path = tmp_path / "vmcore", tmp_path / "symbols"
    run("dd", f"if={dump.vmcore}", f"of={cut}", "bs=1M", f"count={bytes_kept >> 20}", "conv=sparse")
    path.write_bytes(b"as it was")
    done = subprocess.run([program.kdump_command(), "symfile", "-o", path, cut], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr.startswith("kdump: ")
    if done.returncode:
        assert done.returncode == 1 and path.read_bytes() == b"as it was"
    else:
        assert gdb(path, commands=["info symbol schedule"]) == "schedule in section .text\n"
