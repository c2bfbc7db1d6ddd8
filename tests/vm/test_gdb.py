# SPDX-License-Identifier: GPL-2.0-or-later
"""Stock gdb on dumps, by `kdump gdbserver` and `kdump gdb`: what it shows is what kdump's own commands say."""

import collections
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lab import dumps, program

DUMPS = ["crowd", "crowd-6.12"]
DEAD = "a dump cannot be changed or run: this system is dead"
SELECTORS = ("eflags", "cs", "ss", "ds", "es", "fs", "gs")


def kdump(*arguments, binary=False):
    done = subprocess.run([program.kdump_command(), *arguments], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout if binary else json.loads(done.stdout)


def gdb(target, *commands, before=()):
    """What gdb prints, with what the stub says on standard error."""
    words = ["gdb", "-nx", "-batch"]
    for command in ["set pagination off", "set width 0", "set remotetimeout 600", *before, f"target remote {target}", *commands]:
        words += ["-ex", command]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False, timeout=120, stdin=subprocess.DEVNULL)
    return done.stdout


def pipe(dump):
    return f"| '{program.kdump_command().absolute()}' gdbserver --stdio '{dump.vmcore}'"


@pytest.fixture(scope="module", params=DUMPS)
def dump(request):
    return dumps.get(request.param)


def gdb_threads(dump):
    """[(number, name, text, current)] of `info threads`."""
    found = re.findall(r'^(\*| ) (\d+) +Thread (\d+) "(.*)" \((.*?)\) ', gdb(pipe(dump), "info threads"), re.M)
    assert all(number == thread for _, number, thread, _, _ in found)
    return [(int(number), name, text, star == "*") for star, number, _, name, text in found]


def expected_threads(dump):
    """The tasks of `kdump ps` in the order of gdb's threads: those on CPUs, by CPU; the others."""
    tasks = kdump("ps", "--json", dump.vmcore)
    running = sorted((task for task in tasks if task["running"]), key=lambda task: task["cpu"])
    return running + [task for task in tasks if not task["running"]]


def test_threads(dump):
    threads, tasks = gdb_threads(dump), expected_threads(dump)
    panicked = kdump("info", "--json", dump.vmcore)["panic"]["cpu"]
    assert len(threads) > 250 and [number for number, *_ in threads] == list(range(1, len(tasks) + 1))
    for (_, name, text, current), task in zip(threads, tasks):
        said = f"PID {task['pid']}, {task['state']}" + (", kernel" if task["kthread"] else "")
        if task["running"]:
            said = f"CPU {task['cpu']}, " + ("panicked, " if task["cpu"] == panicked else "") + said
        assert (name, text) == (task["comm"], said)
        assert current == (task["running"] and task["cpu"] == panicked)


def registers_of(text):
    """One dictionary for each `info registers`."""
    sets = []
    for name, value in re.findall(r"^(\w+) +(0x[0-9a-f]+|<unavailable>)(?: |$)", text, re.M):
        if name == "rax":
            sets.append({})
        sets[-1][name] = None if value[0] == "<" else int(value, 16)
    return sets


def test_registers_of_cpus(dump):
    ours = kdump("regs", "--json", dump.vmcore)
    commands = [command for number in range(1, len(ours) + 1) for command in (f"thread {number}", "info registers")]
    sets = registers_of(gdb(pipe(dump), *commands))
    assert len(sets) == len(ours)
    for registers, cpu in zip(sets, ours):
        saved = {name: int(value, 16) for name, value in cpu["registers"].items()}
        assert set(registers) == set(saved) | {"cr0", "cr2", "cr3", "cr4"}
        # gdb knows flags and selectors as the CPU does: 32 bits of them
        assert {name: registers[name] for name in saved} == {
            name: value & 0xffffffff if name in SELECTORS else value for name, value in saved.items()}
        assert all(registers[name] is None for name in ("cr0", "cr2", "cr3", "cr4"))


def test_registers_of_tasks(dump):
    """Where the unwinder begins; and the dead have none."""
    tasks = expected_threads(dump)
    stacks = {stack["task"]: stack for stack in kdump("bt", "-A", "--json", dump.vmcore)}
    chosen = [number for number, task in enumerate(tasks) if not task["running"]][::10]
    chosen += [number for number, task in enumerate(tasks) if task["state"] == "Z"][:2]
    commands = [command for number in chosen for command in (f"thread {number + 1}", "info registers")]
    sets = registers_of(gdb(pipe(dump), *commands))
    assert len(sets) == len(chosen) > 20
    for registers, number in zip(sets, chosen):
        frames = stacks[tasks[number]["task"]]["frames"]
        if tasks[number]["state"] == "Z":
            assert set(registers.values()) == {None}
            continue
        assert (registers["rip"], registers["rsp"]) == (int(frames[0]["pc"], 16), int(frames[0]["sp"], 16))
        assert registers["rax"] is None and registers["rbx"] is not None and registers["r15"] is not None


def test_kernel_memory(dump, tmp_path):
    """The image, the direct map, a stack in vmalloc space, a module."""
    symbols = kdump("sym", "--json", dump.vmcore, "linux_banner")
    task, = (task for task in kdump("ps", "--json", dump.vmcore) if task["comm"] == "spin-kernel")
    stack, = (stack for stack in kdump("bt", "-a", "--json", dump.vmcore) if stack["comm"] == "spin-kernel")
    module = next(symbol for symbol in kdump("sym", "--json", dump.vmcore) if symbol["module"] and symbol["type"] in "tT")
    places = [int(address, 16) for address in (symbols[0]["address"], task["task"], stack["frames"][-1]["sp"], module["address"])]
    assert len({place >> 40 for place in places}) >= 3
    commands = [f"dump binary memory {tmp_path}/{number} {place:#x} {place + size:#x}"
                for number, (place, size) in enumerate(zip(places, (0x9001, 0x100, 0x80, 0x80)))]
    gdb(pipe(dump), *commands)
    for number, (place, size) in enumerate(zip(places, (0x9001, 0x100, 0x80, 0x80))):
        assert (tmp_path / str(number)).read_bytes() == kdump("mem", "--raw", "-n", str(size), dump.vmcore, f"{place:x}", binary=True)
    words = re.findall(r"^0x[0-9a-f]+:\t(.*)$", gdb(pipe(dump), f"x/8xb {places[0]:#x}"), re.M)
    assert bytes(int(word, 16) for word in words[0].split()) == b"Linux ve"


def test_user_memory(dump):
    """Of a process that ran and one that slept: its program; that a kernel thread has none; and what is not there."""
    tasks = expected_threads(dump)
    number = {task["comm"]: 1 + number for number, task in enumerate(tasks)}
    crowd = program.build_folder() / "tests/vm/guest-crowd"
    main = re.search(r"^([0-9a-f]+) T main$", subprocess.run(["nm", crowd], capture_output=True, text=True, check=True).stdout, re.M)[1]
    code = gdb("| false", f"file {crowd}", "x/64xb main")
    text = gdb(pipe(dump), f"thread {number['spin-user']}", f"x/64xb 0x{main}", f"thread {number['in-pipe']}", f"x/64xb 0x{main}",
               f"thread {number['kthreadd']}", f"x/xb 0x{main}", "monitor why", "x/xb 0xffffffffffffff00", "monitor why")
    rows = [re.findall(r"^0x[0-9a-f]+(?: <main.*?>)?:\t(0x[0-9a-f]{2}\t.*)$", said, re.M) for said in (text, code)]
    assert len(rows[1]) == 8 and rows[0] == 2 * rows[1]
    assert f"Cannot access memory at address 0x{main.lstrip('0')}" in text and "has no memory of its own" in text
    assert "not mapped" in text


def test_what_a_dump_cannot(dump):
    text = gdb(pipe(dump), "continue")
    assert text.count(DEAD) == 1 and "stopped" in text and "SIG" not in text
    assert DEAD in gdb(pipe(dump), "stepi")
    for command in ("set var *(long *)$rsp = 1", "set $rax = 1"):
        assert text.count(DEAD) == 1, command
        text = gdb(pipe(dump), command)
    for command in ("break *0xffffffff81000000", "hbreak *0xffffffff81000000"):
        text = gdb(pipe(dump), command, "continue")
        assert DEAD in text and "Cannot insert" in text, command
    # which gdb would do by stepping
    assert DEAD in gdb(pipe(dump), "watch *(long *)$rsp", "continue")
    assert "killed" in gdb(pipe(dump), "kill")
    assert "detached" in gdb(pipe(dump), "detach")


def test_acknowledged(dump):
    """The protocol as it is on serial lines: the same conversation, every frame acknowledged."""
    commands = ["monitor log", "info registers", "continue", "x/i $pc"]
    plain = gdb(pipe(dump), *commands)
    assert plain == gdb(pipe(dump), *commands, before=["set remote noack-packet off"]) and plain.endswith("detached]\n")


def test_instructions(dump):
    """`x/i $pc` where it stopped, in the kernel."""
    pc = int(re.search(r"=> (0x[0-9a-f]+):\t[a-z]", gdb(pipe(dump), "x/i $pc"))[1], 16)
    assert pc in {int(cpu["registers"]["rip"], 16) for cpu in kdump("regs", "--json", dump.vmcore)}


def test_monitor(dump):
    tasks = expected_threads(dump)
    text = gdb(pipe(dump), "monitor ps")
    listed = re.findall(r"^ *(\d+) +(\d+) +\d+ +\d+ (\S) ([0-9a-f]{16}) (running|-      ) (.*)$", text, re.M)
    assert [(int(number), int(pid), state, int(address, 16), mark == "running", comm) for number, pid, state, address, mark, comm in listed] == [
        (number + 1, task["pid"], task["state"], int(task["task"], 16), task["running"], task["comm"]) for number, task in enumerate(tasks)]
    assert kdump("log", dump.vmcore, binary=True).decode() in gdb(pipe(dump), "monitor log")
    holder = next(task for task in tasks if task["comm"] == "mutex-holder")
    stack, = kdump("bt", "--json", "-p", str(holder["pid"]), dump.vmcore)
    text = gdb(pipe(dump), f"monitor task {holder['pid']}", "monitor bt")
    assert f"To take gdb there: thread {1 + tasks.index(holder)}\n" in text
    assert re.findall(r"^#\d+ +0x([0-9a-f]+) (\w+)\+", text, re.M) == [
        (f"{int(frame['pc'], 16):016x}", frame["symbol"]) for frame in stack["frames"]]
    said = kdump("mem", "--physical", "-n", "64", dump.vmcore, "1000000", binary=True).decode()
    assert said in gdb(pipe(dump), "monitor phys 1000000 64")
    assert "there is no such process" in gdb(pipe(dump), "monitor bt 999999")
    assert gdb(pipe(dump), "monitor help").count("monitor ") == 8


@pytest.mark.parametrize("place", ["socket", "127.0.0.1:0", "[::1]:0", None])
def test_sockets(place, tmp_path):
    """One gdb, and then both are gone, and the socket."""
    dump, path = dumps.get("crowd"), tmp_path / "a socket"
    words = [program.kdump_command(), "gdbserver", dump.vmcore] + ([str(path) if place == "socket" else place] if place else [])
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            where = server.stdout.readline().removeprefix("target remote ").rstrip("\n")
            sockets = [entry for entry in tmp_path.iterdir() if entry.is_socket()]
            assert all(entry.stat().st_mode & 0o77 == 0 for entry in sockets)
            assert len(sockets) == (place in ("socket", None))
            assert "=> 0x" in gdb(where, "x/i $pc")
            assert server.wait(30) == 0 and not list(tmp_path.iterdir())
        finally:
            server.kill()


def test_ended_while_it_waits(tmp_path):
    with subprocess.Popen([program.kdump_command(), "gdbserver", dumps.get("crowd").vmcore, tmp_path / "socket"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline() == f"target remote {tmp_path / 'socket'}\n"
        server.terminate()
        assert server.wait(30) != 0 and not list(tmp_path.iterdir())


def test_what_is_in_the_way(tmp_path):
    """A server that was killed leaves its socket: the next says so, and what to do."""
    words, path = [program.kdump_command(), "gdbserver", dumps.get("crowd").vmcore], tmp_path / "socket"
    with subprocess.Popen([*words, path], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline()
        server.kill()
    (tmp_path / "file").touch()
    for place, why, hint in ((path, "there is something already", f"rm {path}"), (tmp_path / "file", "there is something already", "name a path"),
                             (f"{tmp_path}/{'x' * 120}", "too long for a socket", "of 107 characters at most")):
        done = subprocess.run([*words, place], capture_output=True, text=True, check=False, timeout=60)
        first, second = done.stderr.splitlines()
        assert done.returncode == 1 and first == f"kdump: {place}: {why}" and second.startswith("kdump: hint: ") and hint in second
    assert path.is_socket() and not (tmp_path / "file").read_bytes()


def test_not_for_others():
    done = subprocess.run([program.kdump_command(), "gdbserver", dumps.get("crowd").vmcore, "0.0.0.0:0"], capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 1 and "not an address of this machine alone" in done.stderr and "--allow-remote" in done.stderr


def kdump_gdb(*arguments, timeout=120, **more):
    return subprocess.run([program.kdump_command(), "gdb", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False, timeout=timeout, stdin=subprocess.DEVNULL, **more)


def test_vmlinux(tmp_path):
    """Found by its build id and moved; from paths that a shell would take apart."""
    dump = dumps.get("crowd")
    folder = tmp_path / "it's \"a\" $(folder) & more"
    (folder / "boot").mkdir(parents=True)
    (folder / "crash").symlink_to(dump.vmcore.parent)
    (folder / "boot" / f"vmlinux-{dump.kernel.release}").symlink_to(dump.kernel.debug_vmlinux())
    stack, = kdump("bt", "--json", dump.vmcore)
    done = kdump_gdb("--debug-folder", folder, folder / "crash", "--", "-nx", "-batch", "-ex", "bt", "-ex", "p init_task.comm",
                     "-ex", "frame function vfs_write", "-ex", "info args", "-ex", "info locals", "-ex", "frame 0", "-ex", "next", "-ex", "step", "-ex", "finish")
    assert done.returncode == 0 and '"swapper/0' in done.stdout and "kdump: " not in done.stdout, done.stdout
    assert "warning: " not in done.stdout, done.stdout
    # each function that the unwinder found, by its line in gdb; those that were inlined are more
    frames = re.findall(r"^#\d+ +(?:0x([0-9a-f]+) in )?(\w+) \(", done.stdout, re.M)
    assert [int(pc, 16) for pc, _ in frames if pc][:6] == [int(frame["pc"], 16) for frame in stack["frames"][1:7]]
    assert [name for _, name in frames][1:3] == ["__crash_kexec", "panic"]
    assert done.stdout.count(DEAD) == 3
    # what was written to /proc/sysrq-trigger
    assert re.search(r'^buf = 0x[0-9a-f]+ "c\\n"\ncount = 2$', done.stdout, re.M) and re.search(r"^ret = ", done.stdout, re.M)
    assert re.search(r" at fs/read_write\.c:\d+$", done.stdout, re.M)


def test_thread_stays(tmp_path):
    """gdb is where it was after it was refused to resume, though it looked at all threads meanwhile."""
    dump = dumps.get("crowd")
    number = 1 + [task["comm"] for task in expected_threads(dump)].index("kthreadd")
    done = kdump_gdb("--debug-folder", tmp_path, dump.vmcore, "--", "-nx", "-batch", "-ex", f"thread {number}",
                     "-ex", "info threads", "-ex", "continue", "-ex", "stepi", "-ex", "thread")
    assert done.stdout.count(DEAD) == 2 and f"[Current thread is {number} (Thread {number})]" in done.stdout and "Switching to Thread" not in done.stdout


def test_wrong_vmlinux():
    done = kdump_gdb("--vmlinux", dumps.get("crowd-6.12").kernel.vmlinux, dumps.get("crowd").vmcore)
    assert done.returncode == 1 and "of another kernel: its build id is" in done.stdout


def test_all_stacks(dump, tmp_path):
    """Of every thread the frames that kdump bt has, by gdb's own unwinder and tables made from the dump, and no vmlinux."""
    done = kdump_gdb("--debug-folder", tmp_path, dump.vmcore, "--", "-nx", "-batch", "-ex", "thread apply all bt")
    assert done.returncode == 0 and "kdump: " not in done.stdout
    stacks = {stack["task"]: stack for stack in kdump("bt", "-A", "--json", dump.vmcore)}
    places = collections.defaultdict(set)
    for symbol in kdump("sym", "--json", dump.vmcore):
        places[symbol["name"]].add(symbol["address"])
    theirs = dict(re.findall(r"^Thread (\d+) \(.*\):\n((?:#.*\n)*)", done.stdout, re.M))
    tasks = expected_threads(dump)
    assert len(theirs) == len(tasks) > 250
    traced = dead = 0
    for number, task in enumerate(tasks):
        frames = [(int(pc, 16) if pc else None, name) for pc, name in
                  re.findall(r"^#\d+ +(?:0x([0-9a-f]+) in )?(<signal handler called>|[\w.?]+)", theirs[str(number + 1)], re.M)]
        if task["state"] == "Z":
            dead += 1
            continue  # it has no stack
        if frames[-1][0] is not None and frames[-1][0] < 1 << 56:
            assert stacks[task["task"]]["user"]
            frames.pop()
        ours = stacks[task["task"]]["frames"]
        # of these, tracing had put another return address on the stack
        traced += dumps.TRACED.get(task["comm"]) in [name for _, name in frames[:-1]]
        assert [pc or int(frame["pc"], 16) for (pc, _), frame in zip(frames, ours)] == [int(frame["pc"], 16) for frame in ours], task
        assert len(frames) == len(ours), task
        for (_, name), frame in zip(frames, ours):
            # gdb leaves the number of a clone away
            symbol = re.sub(r"(\.\w+)\.\d+$", r"\1", frame["symbol"])
            assert name in ("<signal handler called>", symbol) or places[name] & places[frame["symbol"]], (task, name, frame)
    assert traced and dead < 20


def test_functions(dump, tmp_path):
    """$lx_current() and its like, as the kernel's scripts for gdb have them."""
    tasks = expected_threads(dump)
    panicked = next(task for task in tasks if task["running"] and task["cpu"] == kdump("info", "--json", dump.vmcore)["panic"]["cpu"])
    number, sleeper = next((number, task) for number, task in enumerate(tasks, 1) if task["comm"] == "mutex-holder")
    asked = ["$lx_current().pid", "$lx_current(0).pid", "$lx_task_by_pid(1).comm", "$lx_per_cpu(runqueues).cpu", "$lx_per_cpu(runqueues, 2).cpu",
             "$lx_task_by_pid(987654321).pid", "$lx_current(77).pid", "$lx_per_cpu(runqueues, 78).cpu", "$lx_per_cpu(runqueues, -1).cpu"]
    commands = [word for what in asked for word in ("-ex", f"p {what}")]
    commands += ["-ex", f"thread {number}", "-ex", "p $lx_current().pid", "-ex", "p $lx_per_cpu(runqueues).cpu"]
    done = kdump_gdb("--debug-folder", tmp_path, dump.vmcore, "--", "-nx", "-batch", *commands)
    values = re.findall(r"^\$\d+ = (.*)$", done.stdout, re.M)
    assert values[:2] == [str(panicked["pid"]), str(tasks[0]["pid"])] and values[2].startswith('"init')
    assert values[3:] == [str(panicked["cpu"]), "2", str(sleeper["pid"])]
    for complaint in ("there is no process 987654321", "there is no CPU 77", "there is no CPU 78", "there is no CPU -1", "this thread is on no CPU: name one"):
        assert complaint in done.stdout


def test_without_vmlinux(dump, tmp_path):
    """Symbols and stacks out of the dump, and nothing stays behind."""
    task = next(task for task in kdump("ps", "--json", dump.vmcore) if task["comm"] == "mutex-holder")
    number = 1 + [task["pid"] for task in expected_threads(dump)].index(task["pid"])
    done = kdump_gdb("--debug-folder", tmp_path, dump.vmcore, "--", "-nx", "-batch", "-ex", "bt", "-ex", f"thread {number}", "-ex", "bt", "-ex", "show remotetimeout",
                     env={**os.environ, "TMPDIR": str(tmp_path)})
    assert done.returncode == 0 and "kdump: " not in done.stdout and not list(tmp_path.iterdir())
    assert "warning: " not in done.stdout and "Cannot access memory" not in done.stdout, done.stdout
    # that it waits is seen only where a dump takes long to open
    assert 'Timeout limit to wait for target to respond is 600' in done.stdout
    stacks = [[frame["symbol"] for frame in kdump("bt", "--json", *which, dump.vmcore)[0]["frames"]] for which in ((), ("-p", str(task["pid"])))]
    names = re.findall(r"^#\d+ +0x[0-9a-f]+ in ([\w.]+) \(", done.stdout, re.M)
    assert names[:6] == stacks[0][:6]
    # `thread` prints the first frame, too
    assert names[-1 - names[::-1].index("__schedule"):][:4] == stacks[1][:4]


# struct: the address of one, as gdb evaluates it
SUPER_BLOCK = "((struct super_block *)((char *)super_blocks.next - (long)&((struct super_block *)0)->s_list))"
OBJECTS = {
    "task_struct": "&init_task", "mm_struct": "&init_mm", "net": "&init_net", "super_block": SUPER_BLOCK, "dentry": f"{SUPER_BLOCK}->s_root",
    "inode": f"{SUPER_BLOCK}->s_root->d_inode", "rq": "(char *)&runqueues + __per_cpu_offset[1]",
    "module": "(char *)modules.next - (long)&((struct module *)0)->list", "page": "vmemmap_base + 0x1000 * sizeof(struct page)",
    "sock": "init_net.rtnl", "net_device": "init_net.loopback_dev", "zone": "&node_data[0]->node_zones[1]", "cred": "init_task.cred",
    "kmem_cache": "(char *)slab_caches.next - (long)&((struct kmem_cache *)0)->list", "signal_struct": "init_task.signal"}
PRINTED = [word for option in ("symbol off", "pretty on") for word in ("-ex", f"set print {option}")]


@pytest.mark.parametrize("name", ["crowd", pytest.param("crowd-6.12", marks=pytest.mark.slow)])
def test_structures_like_the_debug_package(name, tmp_path):
    """Whole objects of many kinds: what gdb prints with types out of the dump is what it prints with the kernel's DWARF."""
    dump = dumps.get(name)

    def printed(folder, commands):
        words = [word for command in commands for word in ("-ex", command, "-ex", "echo \\n=\\n")]
        text = kdump_gdb("--debug-folder", folder, dump.vmcore, "--", "-nx", "-batch", *PRINTED, "-ex", "echo \\n=\\n", *words, timeout=600).stdout
        # several symbols may stand for one function
        return [re.sub(r" <[^<>\n]+>", "", part) for part in text.split("\n=\n")[1:-1]]
    places = printed(tmp_path, [f"output/x (long)({place})" for place in OBJECTS.values()])
    commands = [f"output *(struct {kind} *){place.strip()}" for kind, place in zip(OBJECTS, places)]
    ours, theirs = (printed(folder, commands) for folder in (tmp_path, dump.kernel.debug_folder()))
    assert len(ours) == len(theirs) == len(OBJECTS)
    for kind, our_text, their_text in zip(OBJECTS, ours, theirs):
        assert our_text.splitlines() == their_text.splitlines(), kind
        assert len(our_text.splitlines()) > 50, our_text


def test_until(dump, tmp_path):
    """Without lines gdb itself would be at it for ever."""
    done = kdump_gdb("--debug-folder", tmp_path, dump.vmcore, "--", "-nx", "-batch", "-ex", "until", "-ex", "u", "-ex", "until panic", "-ex", "echo over\\n")
    assert done.stdout.count(DEAD) == 3 and "over\n" in done.stdout and "Traceback" not in done.stdout


def descendants(pid):
    """Processes that it started, and those that they did."""
    children = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        children += [int(child) for child in task.read_text().split()]
    return children + [further for child in children for further in descendants(child)]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_both_end_together(how):
    """Whoever ends `kdump gdb` has ended gdb, and the stub. (Below nohup(1) a child would ignore one of the signals.)"""
    with subprocess.Popen([program.kdump_command(), "gdb", "--debug-folder", "/nowhere", dumps.get("crowd").vmcore, "--", "-nx",
                           "-ex", "echo it is there\\n"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL)) as started:
        try:
            while "it is there" not in started.stdout.readline():
                assert started.poll() is None
            family = [started.pid, *descendants(started.pid)]
            assert len(family) >= 2
            started.send_signal(how)
            started.wait(30)
            for _ in range(100):
                left = [pid for pid in family if Path(f"/proc/{pid}/exe").exists()]
                if not left:
                    break
                time.sleep(0.1)
            assert not left
        finally:
            started.kill()


def test_without_gdb(tmp_path):
    done = kdump_gdb(dumps.get("crowd").vmcore, env={**os.environ, "PATH": str(tmp_path)})
    assert done.returncode == 1 and "kdump: gdb: there is none in PATH" in done.stdout and "kdump: hint: install gdb" in done.stdout
