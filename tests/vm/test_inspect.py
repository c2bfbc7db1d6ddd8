# SPDX-License-Identifier: GPL-2.0-or-later
"""Tasks, stacks, symbols and modules out of a dump alone, against what the guest's own kernel said of them."""

import calendar
import concurrent.futures
import ipaddress
import json
import re
import subprocess
import time

import pytest

from lab import dumps, oracles, program

# KASLR is always on; these and those below have page tables of 4 and 5 levels on each kernel, and 1 to 4 CPUs
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in
        ("crowd-small", "crowd-regular", "crowd-regular-small", "crowd-rt", "crowd-rt-small")]
DUMPS = ["crowd", "crowd-6.12", *SLOW, pytest.param("crowd-6.12-small", marks=pytest.mark.slow)]
# what guest-crowd makes: name, state, how many
CROWD = {"in-pipe": ("S", 60), "in-poll": ("S", 20), "in-nanosleep": ("S", 20), "in-accept": ("S", 10), "in-network": ("S", 1),
         "blocked": ("D", 10), "vforked": ("S", 10), "stopped": ("T", 10), "tracer": ("S", 3), "traced": ("t", 3),
         "undertaker": ("S", 1), "zombie": ("Z", 10), "threads": ("S", 2), "in-futex": ("S", 40),
         "spin-user": ("R", 1), "spin-kernel": ("R", 1), "mutex-holder": ("D", 1), "mutex-waiter": ("D", 3),
         "rwsem-holder": ("D", 1), "rwsem-waiter": ("D", 3)}

# the options of mounts that are not a file system's own
COMMON = {"ro", "rw", "sync", "dirsync", "mand", "lazytime", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "relatime", "nosymfollow"}


def kdump(*arguments):
    done = subprocess.run([program.kdump_command(), *arguments], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=DUMPS)
def dump(request):
    return dumps.get(request.param)


def said_tasks(dump):
    """{tid: (comm, state, ppid, stack)} of the guest's /proc, before the panic."""
    tasks = {}
    for text in re.split(r"^task ", dump.said("said/tmp/tasks"), flags=re.M)[1:]:
        head, *stack = text.splitlines()
        match = re.fullmatch(r"(\d+) \((.*)\) (\S) (\d+) .*", head)
        if match:
            frames = [line.split()[1].split("/")[0] for line in stack if line.startswith("[<0>]")]
            tasks[int(match[1])] = (match[2], match[3], int(match[4]), frames)
    return tasks


def test_all_tasks(dump):
    """The crowd exactly; of the rest, all whom the guest named, but for what came and went meanwhile."""
    tasks = [task for task in kdump("ps", "--json", dump.vmcore) if not task["idle"]]
    crowd = {}
    for task in tasks:
        if task["comm"] in CROWD:
            crowd.setdefault(task["comm"], []).append(task["state"])
    assert {name: (states[0], len(states)) for name, states in crowd.items()} == CROWD
    assert all(len(set(states)) == 1 for states in crowd.values())
    ours, said = {task["pid"]: task for task in tasks}, said_tasks(dump)
    assert len(ours) == len(tasks) and len(said) > 200
    short_lived = {pid for pid, (comm, *_) in said.items() if comm in ("sh", "cat", "awk") or comm.startswith("kworker")}
    assert set(said) - set(ours) <= short_lived
    for pid, (comm, state, ppid, _) in said.items():
        if pid in short_lived:
            continue
        # the kernel tells more of the name of a kernel thread than its task has room for
        assert comm[:15] == ours[pid]["comm"][:15], pid
        assert (comm, ppid) == (comm, ours[pid]["ppid"])
        if comm in CROWD:
            assert state == ours[pid]["state"], comm
    running = [task for task in kdump("ps", "--json", dump.vmcore) if task["running"]]
    assert len({task["cpu"] for task in running}) == len(running)
    assert {task["comm"] for task in running} >= {"sh"}


def test_times_of_tasks(dump):
    """How long each of the crowd that sleeps ran and waited, as /proc/PID/schedstat had it; when it was put on a CPU last."""
    said = {int(pid): (int(ran), int(waited)) for pid, ran, waited in
            re.findall(r"^task (\d+) .*\nschedstat (\d+) (\d+) \d+$", dump.said("said/tmp/tasks"), re.M)}
    tasks = {task["pid"]: task for task in kdump("ps", "--json", dump.vmcore) if not task["idle"]}
    compared = 0
    for pid, task in tasks.items():
        if task["comm"] not in CROWD or task["state"] == "R" or task["comm"] in ("in-network", "tracer"):
            continue
        assert (task["run_seconds"], task["wait_seconds"]) == tuple(pytest.approx(ns / 1e9, abs=1e-9) for ns in said[pid]), task
        assert 0 < task["ran_seconds_ago"] and task["queued_seconds_ago"] is None
        compared += 1
    assert compared > 180 and any(waited for _, waited in said.values())
    # from when it was put to sleep, a timer tells how long ago that is
    asleep = [1000000 - timer["due_seconds"] for timer in kdump("timers", "--json", dump.vmcore) if timer["task"] == "in-nanosleep"]
    ran = [task["ran_seconds_ago"] for task in tasks.values() if task["comm"] == "in-nanosleep"]
    assert sorted(ran) == [pytest.approx(seconds, abs=1) for seconds in sorted(asleep)] and min(ran) > 1
    for task in tasks.values():
        if task["comm"].startswith("spin-") and task["running"]:
            assert task["run_seconds"] > said[task["pid"]][0] / 1e9 and task["ran_seconds_ago"] < task["run_seconds"] + 1


def plain(*arguments):
    return subprocess.run([program.kdump_command(), *arguments], capture_output=True, check=True, timeout=60).stdout


def escaped(text):
    """As dmesg(1) writes what a terminal cannot show; busybox and the console give it as it is."""
    return text.replace("\x7f", "\\x7f")


def test_log(dump, tmp_path):
    """Byte for byte what makedumpfile and crash extract and what dmesg said before; line for line what the console showed."""
    if dump.name == "crowd":
        subprocess.run(["makedumpfile", "--dump-dmesg", dump.vmcore, tmp_path / "log"], capture_output=True, check=True)
        assert plain("log", "--indent", dump.vmcore) == (tmp_path / "log").read_bytes()
        oracles.crash(dump.kernel.debug_vmlinux(), dump.vmcore, f"log >{tmp_path / 'crash'}")
        assert plain("log", "--indent", dump.vmcore) == (tmp_path / "crash").read_bytes()
    assert plain("log", dump.vmcore).decode().startswith(escaped(dump.said("said/tmp/dmesg")))
    shown = plain("log", "--follow-levels", dump.vmcore).decode().splitlines()
    console = iter([line.rstrip("\r") for line in escaped(dump.said("console.log")).split("\n")])
    missing = [line for line in shown if line not in console]  # goes on where it found the last
    assert not missing and len(shown) > 300
    assert "sysrq: Trigger a crash" in "\n".join(shown)
    records = kdump("log", "--json", dump.vmcore)
    assert any(record["subsystem"] == "pci" and record["device"].startswith("+pci:0000:") for record in records)
    assert all(record["caller"] for record in records)
    urgent = plain("log", "-x", "--level", "err+", dump.vmcore).decode().splitlines()
    assert urgent and all(re.match(r"kern  :(emerg|alert|crit|err) *: ", line) for line in urgent)


def test_whom_no_stack_is_of(dump):
    """What was asked for is named."""
    for options, status, why in ((("-p", "99999"), 1, "there is no process 99999"), (("-c", "77"), 1, "no task ran on CPU 77"),
                                 (("-s", "X"), 0, "no task is in a state of X")):
        done = subprocess.run([program.kdump_command(), "bt", *options, dump.vmcore], capture_output=True, text=True, check=False)
        assert done.returncode == status and done.stderr.rstrip().endswith(why) and not done.stdout


def test_stacks_by_state_and_cpu(dump):
    """A selection of all, with what is the same once where that is wanted."""
    everyone = kdump("bt", "-A", "--json", dump.vmcore)
    assert kdump("bt", "-s", "DT", "--json", dump.vmcore) == [task for task in everyone if task["state"] in "DT"]
    for cpu in {task["cpu"] for task in everyone if task["running"]}:
        assert kdump("bt", "-c", str(cpu), "--json", dump.vmcore) == [
            task for task in everyone if task["running"] and task["cpu"] == cpu]
    groups = plain("bt", "-A", "--fold", dump.vmcore).decode().strip().split("\n\n")
    heads = [re.match(r"(\d+) tasks?: (.*)", group) for group in groups]
    assert sum(int(head[1]) for head in heads) == len(everyone)
    stacks = {}
    for task in everyone:
        stacks.setdefault(tuple(frame["pc"] for frame in task["frames"]), []).append(f"{task['pid']}({task['comm']})")
    for head, group in zip(heads, groups):
        frames = tuple(f"0x{pc}" for pc in re.findall(r"^ [ ?]#\d+ +([0-9a-f]{16})", group, re.M))
        if frames:
            assert head[2].split(" ")[:60] == stacks[frames][:60]
    pipes, = (head for head in heads if "(in-pipe)" in head[2])
    assert int(pipes[1]) >= 60


def test_log_with_more(dump):
    """The time of day, who wrote a record, and what it is about."""
    records = kdump("log", "--json", dump.vmcore)
    first = [line for line in plain("log", dump.vmcore).decode().splitlines() if line.startswith("[")]
    texts = [line.split("] ", 1)[1] for line in first]
    done = subprocess.run([program.kdump_command(), "log", "-T", dump.vmcore], capture_output=True, text=True, check=True,
                          env={"TZ": "UTC", "LC_ALL": "C"})
    shown = [re.match(r"\[(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})\] (.*)", line) for line in done.stdout.splitlines()
             if line.startswith("[")]
    assert [line[2] for line in shown] == texts
    crashed = time.strptime(kdump("info", "--json", dump.vmcore)["crash_time"], "%Y-%m-%dT%H:%M:%SZ")
    assert abs(calendar.timegm(time.strptime(shown[-1][1])) - calendar.timegm(crashed)) <= 1
    span = (records[-1]["time_ns"] - records[0]["time_ns"]) / 1e9
    assert abs(calendar.timegm(time.strptime(shown[-1][1])) - calendar.timegm(time.strptime(shown[0][1])) - span) <= 1
    callers = re.findall(r"^\[ *[\d.]+\]\[ *([TC]\d+)\] ", plain("log", "--caller", dump.vmcore).decode(), re.M)
    assert callers == [record["caller"] for record in records for _ in record["text"].split("\n")] and len(callers) == len(first)
    devices = re.findall(r"^ DEVICE=(\S+)$", plain("log", "--dictionary", dump.vmcore).decode(), re.M)
    assert devices == [record["device"] for record in records if record["device"]] and devices


def test_forms_of_memory(dump):
    """Words, what they point to, and texts, of what type says is there."""
    members = kdump("type", "--json", dump.vmcore, "file_operations", "shmem_file_operations")["members"]
    wanted = {member["offset"]: member for member in members if member["type"].endswith(")") and member["offset"] < 64}
    at = ("-n", "64", dump.vmcore, "shmem_file_operations")
    words = [int(word["word"], 16) for word in kdump("mem", "--json", "--words", *at)["words"]]
    assert {offset: words[offset // 8] for offset in wanted} == {offset: int(member["value"], 16) for offset, member in wanted.items()}
    assert re.findall(r" ([0-9a-f]{16})\b", run_mem("--words", *at).decode()) == [f"{word:016x}" for word in words]
    symbols = [word["symbol"] for word in kdump("mem", "--json", "--symbols", *at)["words"]]
    assert {offset: symbols[offset // 8] for offset in wanted} == {offset: member.get("symbol") for offset, member in wanted.items()}
    assert "  shmem_file_llseek+0x0\n" in run_mem("--symbols", *at).decode() and "shmem_file_llseek" in symbols
    banner = run_mem("--strings", "-n", "200", dump.vmcore, "linux_banner").decode()
    assert f"Linux version {kdump('info', '--json', dump.vmcore)['release']} " in banner
    assert kdump("mem", "--json", "--strings", "-n", "200", dump.vmcore, "linux_banner")["strings"][0]["text"].startswith("Linux version ")


def schedulers(dump):
    """The range of the scheduler's own functions, which /proc/PID/stack leaves out."""
    both = kdump("sym", "--json", dump.vmcore, "__sched_text_start", "__sched_text_end")
    return [int(symbol["address"], 16) for symbol in both]


def test_stacks_as_the_kernel_unwinds_them(dump):
    """For every sleeping task of the crowd and every kernel thread that did not wake up: function and offset."""
    start, end = schedulers(dump)
    said, compared = said_tasks(dump), 0
    for task in kdump("bt", "-A", "--json", dump.vmcore):
        if task["running"] or task["pid"] not in said or task["state"] in "ZR":
            continue
        comm, _, _, stack = said[task["pid"]]
        frames = task["frames"]
        ours = [f"{frame['symbol']}+{frame['offset']}" for frame in frames if not start <= int(frame["pc"], 16) < end]
        if comm in CROWD or not comm.startswith(("kworker", "sh", "init", "rcu_", "jbd2", "ksoftirqd")):
            assert ours == stack, comm
            compared += 1
        assert task["missing"] is None and all(frame["reliable"] for frame in task["frames"])
    assert compared > 200


def test_cpus(dump):
    """The CPU that panicked, and those that spun, in user space and in the kernel."""
    stacks = {stack["comm"]: stack for stack in kdump("bt", "-a", "--json", dump.vmcore)}
    names = [frame["symbol"] for frame in stacks["sh"]["frames"]]
    assert names[:3] == ["__crash_kexec", "panic", "sysrq_handle_crash"] and "vfs_write" in names
    assert all(stack["missing"] is None for stack in stacks.values())
    # what the kernel itself printed of that stack as it died, but for what it marks as a guess; panic() went on since
    said = re.findall(r"^\[ *[\d.]+\]  (\w\S*\+0x[0-9a-f]+)/0x", plain("log", dump.vmcore).decode().rsplit("Call Trace:", 1)[1], re.M)
    ours = [f"{frame['symbol']}+{frame['offset']}" for frame in stacks["sh"]["frames"]]
    behind = next(number for number, frame in enumerate(said) if frame.startswith("panic+")) + 1
    assert said[behind:] == ours[2:] and len(ours) > 7
    if len(stacks) < 4:
        return
    assert stacks["spin-user"]["user"]
    names = [frame["symbol"] for frame in stacks["spin-kernel"]["frames"]]
    assert {"read_zero", "vfs_read", "ksys_read", "do_syscall_64"} <= set(names)
    registers = {cpu["cpu"]: cpu for cpu in kdump("regs", "--json", dump.vmcore)}
    for stack in stacks.values():
        saved = registers[stack["cpu"]]
        assert saved["pid"] == stack["pid"]
        if stack["frames"]:
            assert saved["registers"]["rip"] == stack["frames"][0]["pc"]


def test_every_symbol(dump):
    """/proc/kallsyms of the guest, modules included; what BPF and ftrace made at run time has no table."""
    def key(address, kind, name, module):
        return f"{address:x} {kind} {name} {module}"

    said = set()
    for line in dump.said("said/tmp/kallsyms").splitlines():
        address, kind, name, *module = line.split()
        if module not in (["[bpf]"], ["[__builtin__ftrace]"], ["[__builtin__kprobes]"]):
            said.add(key(int(address, 16), kind, name, module[0].strip("[]") if module else ""))
    ours = {key(int(symbol["address"], 16), symbol["type"], symbol["name"], symbol["module"] or "")
            for symbol in kdump("sym", "--json", dump.vmcore)}
    assert said == ours, (sorted(said - ours)[:5], sorted(ours - said)[:5])
    assert len(ours) > 80000


@pytest.mark.parametrize("name", ["crowd", "crowd-6.12"])
def test_symbols_found_by_what_they_look_like(name, tmp_path):
    """VMCOREINFO has told where they are since 6.0 only."""
    dump = dumps.get(name)
    silent = tmp_path / "vmcore"
    subprocess.run(["cp", "--sparse=always", dump.vmcore, silent], check=True)
    with open(silent, "r+b") as core:
        head = core.read(1 << 20)
        found = [match.start() for match in re.finditer(rb"SYMBOL\(kallsyms_", head)]
        assert len(found) >= 6
        for at in found:
            core.seek(at)
            core.write(b"?")
    assert kdump("sym", "--json", silent) == kdump("sym", "--json", dump.vmcore)


def test_locks(dump):
    """A pipe's mutex and an inode's semaphore: who holds each, who wants it."""
    tasks = kdump("locks", "--json", dump.vmcore)
    for kind, name in (("mutex", "mutex"), ("rw_semaphore", "rwsem")):
        waiters = [task for task in tasks if task["comm"] == f"{name}-waiter"]
        assert len(waiters) == 3
        assert {task["lock"]["owner"]["comm"] for task in waiters} == {f"{name}-holder"}
        assert {(task["lock"]["kind"], task["lock"]["queued"]) for task in waiters} == {(kind, 3)}
        assert len({task["lock"]["address"] for task in waiters}) == 1
        holder, = (task for task in tasks if task["comm"] == f"{name}-holder")
        assert holder["lock"] is None and holder["in"]
    assert {task["comm"] for task in tasks if task["lock"]} <= {"mutex-waiter", "rwsem-waiter"}
    assert sum(task["comm"] == "blocked" for task in tasks) == 10


def test_mounts_and_files(dump):
    """As /proc/mounts and /proc/PID/fd had them."""
    said = [line.split() for line in dump.said("said/tmp/mounts").splitlines()]
    ours = [line.split() for line in plain("mounts", dump.vmcore).decode().splitlines()]
    assert len(ours) == len(said) >= 5
    for (device, path, kind, options), (their_device, *theirs) in zip(ours, said):
        # what the kernel itself mounted as root has another name in /proc; the file system's own options come behind the common ones
        assert [path, kind] == theirs[:2] and (device == their_device or path == "/")
        assert f"{theirs[2]},".startswith(f"{options},")
        assert {*theirs[2].split(",")} & COMMON == {*options.split(",")}
    processes = re.split(r"^process ", dump.said("said/tmp/files"), flags=re.M)[1:]
    assert len(processes) >= 11
    for text in processes:
        pid, *lines = text.splitlines()
        said = {int(number): path for number, path in (line.split(" ", 1) for line in lines if " " in line)}
        assert {file["fd"]: file["path"] for file in kdump("files", "--json", "-p", pid, dump.vmcore)} == said, pid


def test_mounts_of_a_process(dump):
    """Those of a namespace of its own, as its /proc/PID/mountinfo had them."""
    ours = [(mount["path"], {*mount["options"]}, mount["type"], mount["device"], {*mount["file_system_options"]})
            for mount in kdump("mounts", "--json", "-p", dump.said("said/tmp/own-pid").strip(), dump.vmcore)]
    said = [line.split(" ") for line in dump.said("said/tmp/own-mountinfo").splitlines()]
    said = [(words[4], {*words[5].split(",")}, *words[words.index("-") + 1:][:2], {*words[-1].split(",")} & COMMON) for words in said]
    assert [mount for mount in ours if mount[0] != "/"] == [mount for mount in said if mount[0] != "/"] and len(ours) == len(said)
    assert {mount[3]: mount[1] for mount in ours}["own"] == {"ro", "nosuid", "nodev", "noexec", "noatime"}
    assert {mount[3]: mount[4] for mount in ours}["over"] == {"rw", "sync", "dirsync"}
    assert [(mount[1], mount[4]) for mount in ours if mount[0] == "/run"] == [({"ro", "nosuid", "relatime"}, {"rw"})]
    assert "own" not in {mount["device"] for mount in kdump("mounts", "--json", dump.vmcore)}
    zombie = next(task["pid"] for task in kdump("ps", "--json", dump.vmcore) if task["comm"] == "zombie")
    for pid, why in ((zombie, "zombie has left its namespaces"), (99999, "there is no process 99999")):
        done = subprocess.run([program.kdump_command(), "mounts", "-p", str(pid), dump.vmcore], capture_output=True, text=True, check=False)
        assert done.returncode == 1 and done.stderr.rstrip().endswith(why) and not done.stdout


@pytest.mark.parametrize("name", ["filled", "hot-added"])
def test_pages(name):
    """As /proc/buddyinfo and /proc/meminfo had them."""
    dump = dumps.get(name)
    ours = kdump("pages", "--json", dump.vmcore)
    said = {name: int(kib) >> 2 for name, kib in re.findall(r"^(\S+):\s+(\d+) kB", dump.said("meminfo"), re.M)}
    near = 8192  # pages: a little changes until the panic
    assert abs(sum(zone["free"] for zone in ours["zones"]) - said["MemFree"]) < near
    assert abs(sum(zone["managed"] for zone in ours["zones"]) - said["MemTotal"]) < near
    assert abs(ours["pages"]["free"] - said["MemFree"]) < near
    assert ours["pages"]["huge"] >= dumps.RECIPES[name].huge_pages * 512
    for line in dump.said("buddyinfo").splitlines():
        node, name, counts = re.fullmatch(r"Node (\d+), zone +(\S+) +(.*)", line).groups()
        zone, = (zone for zone in ours["zones"] if (zone["node"], zone["name"]) == (int(node), name))
        pages = sum(int(count) << order for order, count in enumerate(counts.split()))
        assert abs(sum(count << order for order, count in enumerate(zone["free_blocks"])) - pages) < near
        assert zone["watermarks"]["min"] <= zone["watermarks"]["low"] <= zone["watermarks"]["high"] < zone["managed"]


def test_modules(dump):
    ours = {module["name"]: (module["references"], module["state"]) for module in kdump("mods", "--json", dump.vmcore)}
    said = {name: (int(used), state.lower()) for name, _, used, _, state, *_ in
            (line.split() for line in dump.said("said/tmp/modules").splitlines())}
    assert ours == said and len(ours) >= 3
    sections = {(module["name"], name, int(address, 16)) for module in kdump("mods", "--json", dump.vmcore)
                for name, address in module["sections"].items()}
    said = {(module, name, int(address, 16)) for module, name, address in
            re.findall(r"^\./(\w+)/sections/(\S+?):(0x\w+)$", dump.said("said/tmp/sections"), re.M)}
    assert sections == said and len(sections) > 50


def addr2line(file, addresses, *options):
    """(function, place) of each inlined function and then of the function itself, for all addresses in a row."""
    lines = subprocess.run(["addr2line", "-i", "-f", "-e", file, *options], input="\n".join(map(hex, addresses)),
                           capture_output=True, text=True, check=True).stdout.splitlines()
    return list(zip(lines[::2], lines[1::2]))


def frames_by_file(dump):
    """{file with debug information, and options for addr2line: {address there: our places}} of every frame there is."""
    with open(dump.vmcore, "rb") as core:
        moved_by = int(re.search(rb"^KERNELOFFSET=([0-9a-f]+)", core.read(1 << 20), re.M)[1], 16)
    sections = {(int(address, 16), module["name"], name) for module in kdump("mods", "--json", dump.vmcore)
                for name, address in module["sections"].items() if name.startswith((".text", ".ref.text"))}
    found = {}
    for task in kdump("bt", "-A", "--json", "--debug-folder", dump.kernel.debug_folder(), dump.vmcore):
        for number, frame in enumerate(task["frames"]):
            call = int(frame["pc"], 16) - (not (frame["interrupted"] or number == 0))
            if frame["module"]:
                start, module, section = max(section for section in sections if section[0] <= call)
                assert module == frame["module"]
                found.setdefault((dump.kernel.debug_modules()[module], "-j", section), {})[call - start] = frame["source"]
            elif frame["symbol"]:
                found.setdefault((dump.kernel.debug_vmlinux(),), {})[call - moved_by] = frame["source"]
    return found


@pytest.mark.parametrize("name", ["crowd", pytest.param("crowd-regular", marks=pytest.mark.slow)])
def test_source_lines_as_addr2line_has_them(name):
    """Of every frame, modules and inlined functions included; assembly has lines, and functions for addr2line only."""
    dump = dumps.get(name)
    found = frames_by_file(dump)
    assert any(file.stem == "pktgen" for file, *_ in found)
    for (file, *options), ours in found.items():
        theirs = addr2line(file, ours, *options)
        places = [place for source in ours.values() for place in source]
        assert len(ours) > (0 if options else 80) and len(theirs) == len(places)
        for place, (function, line) in zip(places, theirs):
            assert line.split(" (")[0].endswith(f"{place['file']}:{place['line']}")
            assert place["function"] == function or (place["function"] is None and place["file"].endswith((".S", "idtentry.h")))
        assert options or any(place["inlined"] for place in places)


@pytest.mark.parametrize("command", ["bt", "report"])
def test_debug_information_that_is_not_its(command, tmp_path):
    """What was asked for by name, and is not there, is an error."""
    vmcore = dumps.get("crowd").vmcore
    for options, why in ((["--vmlinux", "/bin/ls"], b"of another kernel"), (["--debug-folder", tmp_path], b"no vmlinux of")):
        wrong = subprocess.run([program.kdump_command(), command, *options, vmcore], capture_output=True, check=False)
        assert wrong.returncode == 1 and why in wrong.stderr and not wrong.stdout


def columns(text):
    """The words of each line below the heading."""
    return [line.split() for line in text.splitlines()[1:]]


def ends(words):
    """(local, remote) of a line of /proc/net/tcp: hexadecimal words as they lie in memory, and a port."""
    def end(word):
        address, port = word.split(":")
        packed = b"".join(int(address[at:at + 8], 16).to_bytes(4, "little") for at in range(0, len(address), 8))
        host = str(ipaddress.ip_address(packed))
        return f"[{host}]:{int(port, 16)}" if len(packed) == 16 else f"{host}:{int(port, 16)}"
    return end(words[1]), end(words[2])


def test_sockets(dump):
    """As /proc/net of the first namespace had them: ends, state, queues and inode of each."""
    first = 4026531840  # PROC_NET_INIT_INO has no fixed number, but this is what the first gets
    ours = [socket for socket in kdump("net", "--json", dump.vmcore)["sockets"] if socket["namespace"] == first]
    names = {1: "established", 10: "listen", 6: "time-wait"}
    for protocol in ("tcp", "udp", "raw"):
        said = set()
        for version in ("", "6"):
            for words in columns(dump.said(f"said/tmp/net-{protocol}{version}")):
                send, receive = (int(queue, 16) for queue in words[4].split(":"))
                state = names.get(int(words[3], 16), "unconnected" if protocol != "tcp" else "")
                said.add((*ends(words), state, send, receive, int(words[9])))
        assert {(socket["local"], socket["remote"], socket["state"], socket["send_queue"], socket["receive_queue"],
                 socket["inode"]) for socket in ours if socket["protocol"] == protocol} == said
        assert len(said) >= 2
    # but for what fills up abstract names
    said = {(int(inode), *(name.rstrip("@") if name[0] == "@" else name for name in path))
            for _, _, _, _, _, _, inode, *path in columns(dump.said("said/tmp/net-unix"))}
    assert {(socket["inode"], socket["path"]) if socket["path"] else (socket["inode"],)
            for socket in ours if socket["protocol"] == "unix"} == said
    assert len(said) >= 10


def test_interfaces(dump):
    """As ip(8) listed them, and one more in a namespace of its own."""
    ours = kdump("net", "--json", dump.vmcore)["interfaces"]
    assert len({interface["namespace"] for interface in ours}) == 2
    first = min(interface["namespace"] for interface in ours)
    addresses = {(interface["name"], address) for interface in ours if interface["namespace"] == first
                 for address in interface["addresses"]}
    assert addresses == {(words[1], words[3]) for words in map(str.split, dump.said("said/tmp/addresses").splitlines())}
    assert ("lo", "192.0.2.7/24") in addresses
    links = {(int(index), name, int(mtu)) for index, name, mtu in
             re.findall(r"^(\d+): (\w+): <.*?> mtu (\d+)", dump.said("said/tmp/links"), re.M)}
    assert {(interface["index"], interface["name"], interface["mtu"]) for interface in ours
            if interface["namespace"] == first} == links
    assert all("up" in interface["flags"] and "loopback" in interface["flags"] for interface in ours)


def test_interrupts(dump):
    """As /proc/interrupts had them; some came since."""
    ours = {irq["irq"]: irq for irq in kdump("irqs", "--json", dump.vmcore) if irq["irq"] is not None}
    cpus = len(dump.said("said/tmp/interrupts").splitlines()[0].split())
    seen = 0
    for line in dump.said("said/tmp/interrupts").splitlines()[1:]:
        number, *counts = line.split()[:cpus + 1]
        if not number[:-1].isdigit():
            continue
        irq, counts = ours.pop(int(number[:-1])), [int(count) for count in counts]
        actions = line.split("  ")[-1].strip()
        assert actions.endswith(irq["actions"]) and irq["actions"]
        assert line.split()[cpus + 1].startswith(irq["chip"])
        later = [irq["counts"][str(cpu)] - count for cpu, count in enumerate(counts)]
        # the last is the wire by which the guest is asked
        assert all(0 <= more < (100000 if actions == "ttyS1" else 2000) for more in later), line
        seen += sum(counts)
    assert not ours and seen > 100


def test_interrupts_of_cpus(dump):
    """Those without a number, as /proc/interrupts had them, in its order; some came since, and the NMI that stopped the CPUs."""
    ours = [irq for irq in kdump("irqs", "--json", dump.vmcore) if irq["irq"] is None]
    head, *lines = dump.said("said/tmp/interrupts").splitlines()
    said = [line.split(None, 1) for line in lines if not line.split(":")[0].strip().isdigit()]
    assert [irq["name"] + ":" for irq in ours] == [name for name, _ in said] and len(ours) >= 15
    for irq, (_, rest) in zip(ours, said):
        counts = [int(word) for word in rest.split()[:len(head.split())] if word.isdigit()]
        later = [irq["counts"].get(str(cpu), irq["total"]) - count for cpu, count in enumerate(counts)]
        assert len(irq["counts"]) in (0, len(head.split())) and irq["total"] == (sum(irq["counts"].values()) or irq["total"])
        assert all(0 <= more < 3000 for more in later), irq
        assert len(counts) == 1 or rest.endswith("  " + irq["what"])
    by_name = {irq["name"]: irq for irq in ours}
    stopped = len(head.split()) - 1
    assert by_name["LOC"]["total"] > 1000 and (by_name["CAL"]["total"] > 100 or not stopped)
    assert by_name["NMI"]["total"] >= stopped and sum(count > 0 for count in by_name["NMI"]["counts"].values()) == stopped


def test_timers(dump):
    """Those of high resolution that /proc/timer_list had and that are far off: function and time."""
    ours = {(timer["cpu"], timer["symbol"], timer["expires"]) for timer in kdump("timers", "--json", dump.vmcore)
            if timer["clock"] != "jiffies"}
    text = dump.said("said/tmp/timer_list")
    now, found = int(re.search(r"^now at (\d+)", text, re.M)[1]), 0
    for part in re.split(r"^cpu: ", text, flags=re.M)[1:]:
        for function, expires in re.findall(r"^ #\d+: <\w+>, (\w+), .*\n # expires at \d+-(\d+) nsecs", part, re.M):
            if int(expires) > now + 3600 * 10**9:
                assert (int(part.split()[0]), function, int(expires)) in ours
                found += 1
    assert found >= 20
    sleepers = [timer for timer in kdump("timers", "--json", dump.vmcore) if timer["task"] == "in-nanosleep"]
    assert len(sleepers) == 20 and all(990000 < timer["due_seconds"] < 1000001 for timer in sleepers)
    works = {timer["work"] for timer in kdump("timers", "--json", dump.vmcore) if timer["clock"] == "jiffies"}
    assert "vmstat_shepherd" in works
    assert all(-10 < timer["due_seconds"] < 10**6 for timer in kdump("timers", "--json", dump.vmcore) if timer["clock"] == "jiffies")


def test_slab_caches(dump):
    """As /proc/slabinfo had them: sizes exactly, numbers of objects but for what changed since."""
    ours = {cache["name"]: cache for cache in kdump("slab", "--json", dump.vmcore)}
    lines = [line.split() for line in dump.said("said/tmp/slabinfo").splitlines()[2:]]
    assert {words[0] for words in lines} == set(ours)
    for name, used, objects, size, a_slab, *_ in lines:
        cache = ours[name]
        near = max(400, int(objects) // 5, 2 * int(a_slab))
        assert cache["each_bytes"] == int(size)
        assert cache["used"] <= cache["objects"]
        assert abs(cache["objects"] - int(objects)) <= near, name
        assert abs(cache["used"] - int(used)) <= near, name
    task_structs = ours["task_struct"]["used"]
    assert task_structs >= sum(not task["idle"] for task in kdump("ps", "--json", dump.vmcore))


def test_command_line(dump):
    said = dump.said("said/tmp/cmdline").rstrip("\n")
    assert kdump("cmdline", "--json", dump.vmcore) == {"command_line": said, "parameters": said.split()}


def run_mem(*arguments):
    return subprocess.run([program.kdump_command(), "mem", *arguments], capture_output=True, check=True, timeout=60).stdout


def test_memory_of_a_process(dump):
    """The first page of each of its mappings, as its /proc/PID/mem had it: program, heap, stack and vDSO."""
    pid, *addresses = dump.said("said/tmp/user-addresses").split()
    pages = (dump.folder / "said/tmp/user-pages").read_bytes()
    assert len(addresses) >= 8 and len(pages) == 4096 * len(addresses)
    for number, address in enumerate(addresses):
        assert run_mem("--task", pid, "--raw", "-n", "4096", dump.vmcore, address) == pages[number * 4096:][:4096]


def test_instructions_as_objdump_decodes_them(tmp_path):
    """Where each of them begins, and what is called, in a few thousand bytes of the kernel."""
    dump = dumps.get("crowd")
    code = tmp_path / "code"
    for function in ("schedule", "vfs_write", "do_syscall_64", "copy_process"):
        code.write_bytes(run_mem("--raw", "-n", "1024", dump.vmcore, function))
        start = int(kdump("sym", "--json", dump.vmcore, function)[0]["address"], 16)
        theirs = subprocess.run(["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", f"--adjust-vma={start:#x}", code],
                                capture_output=True, text=True, check=True).stdout
        theirs = {int(at, 16): text for at, text in re.findall(r"^ *([0-9a-f]+):\t(?:[0-9a-f]{2} )+ *\t(.*)$", theirs, re.M)}
        ours = kdump("mem", "--json", "--disassemble", "-n", "1024", dump.vmcore, function)["instructions"]
        assert len(ours) > 150 and {int(one["address"], 16) for one in ours} <= set(theirs)
        for one in ours:
            there = theirs[int(one["address"], 16)].split()
            if there[0].startswith("call") and there[1].startswith("0x"):
                assert there[1] == one["text"].split()[1] and one["target"].endswith("+0x0")

MEMBER = re.compile(r"""
    (?: (?P<name> \w+) (?: \[\d*\] )* | \(\*+ \s* (?P<function> \w+) (?: \[\d+\] )* \)\(.*\) )
    (?: :(?P<bits> \d+) )? (?: \s* __attribute__\(\(.*?\)\) )? ; \s*
    /\* \s* (?P<offset> \d+) (?: : \s* (?P<bit> \d+) )? \s+ (?P<size> \d+) \s \*/""", re.X)


def pahole_members(text):
    """{struct: {(first bit, bits or None, bytes, name)}} of what pahole prints."""
    structs, members, within = {}, None, []
    for line in text.splitlines():
        if match := re.match(r"(?:struct|union) (\w+) {", line):
            members = structs.setdefault(match[1], set())
        opened = within.pop() if line.strip().startswith("}") and within else ""
        if line.endswith("{"):
            within.append(line.strip())
        match = MEMBER.search(line)
        # behind a closing brace stands the name of what was opened: a member where that is an enum
        if match and members is not None and (not line.strip().startswith("}") or opened.startswith("enum")):
            members.add((int(match["offset"]) * 8 + int(match["bit"] or 0), int(match["bits"]) if match["bits"] else None,
                         int(match["size"]), match["name"] or match["function"]))
    return structs


def our_members(layout):
    members = set()
    for member in layout["members"]:
        if "members" in member and member["members"]:
            members |= our_members(member)  # within what has no name
        elif member["name"]:
            members.add((member["offset"] * 8 + member.get("bit_offset", 0), member.get("bits"), member["size"], member["name"]))
    return members


def test_layouts_as_pahole_has_them():
    """Offset, size and bits of every member of 500 structs."""
    dump = dumps.get("crowd")
    vmlinux = dump.kernel.debug_vmlinux()
    sizes = subprocess.run(["pahole", "-F", "btf", "--sizes", vmlinux], capture_output=True, text=True, check=True).stdout
    names = sorted({line.split()[0] for line in sizes.splitlines()})[::14][:520]
    text = subprocess.run(["pahole", "-F", "btf", "-C", ",".join(names), vmlinux], capture_output=True, text=True, check=True)
    theirs = pahole_members(text.stdout)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        layouts = pool.map(lambda name: kdump("type", "--json", dump.vmcore, name), names)
    compared = 0
    for name, layout in zip(names, layouts):
        if theirs.get(name):
            assert our_members(layout) == theirs[name], name
            compared += 1
    assert compared > 480


def test_layouts_of_a_module_as_pahole_has_them(dump):
    """Of a struct that only a module has; its own types lead to those of the kernel."""
    file = dump.kernel.debug_modules()["pktgen"]
    for name in ("pktgen_thread", "pktgen_net"):
        text = subprocess.run(["pahole", "-C", name, file], capture_output=True, text=True, check=True).stdout
        layout = kdump("type", "--json", dump.vmcore, name)
        assert layout["module"] == "pktgen" and our_members(layout) == pahole_members(text)[name]
    assert "struct task_struct *tsk;" in plain("type", dump.vmcore, "pktgen_thread").decode()


def test_values_of_a_table_of_functions(dump):
    """Each of them with its symbol, those of an object within another, too."""
    members = {member["name"]: member for member in kdump("type", "--json", dump.vmcore, "file_operations", "shmem_file_operations")["members"]}
    for name, member in members.items():
        symbol = kdump("sym", "--json", dump.vmcore, member["value"])[0]["name"] if member["value"] not in ("0x0", 0) else None
        assert member.get("symbol") == symbol, name
    assert members["llseek"]["symbol"] == "shmem_file_llseek" and members["owner"]["value"] == "0x0"
    assert ".llseek = " + members["llseek"]["value"] + " <shmem_file_llseek>,\n" in plain(
        "type", dump.vmcore, "file_operations", "shmem_file_operations").decode()
    nested = kdump("type", "--json", dump.vmcore, "task_struct.pending.list", "init_task")
    assert [member["symbol"] for member in nested["members"]] == [
        f"init_task+{int(nested['members'][0]['value'], 16) - int(kdump('sym', '--json', dump.vmcore, 'init_task')[0]['address'], 16):#x}"] * 2


DRGN = """
import json
tasks = []
for cpu in for_each_possible_cpu(prog):
    tasks.append(idle_task(prog, cpu))
tasks += list(for_each_task(prog))
on_cpu = {per_cpu(prog["runqueues"], cpu).curr.value_() for cpu in for_each_online_cpu(prog)}
def pc(frame):
    try:
        return frame.pc
    except LookupError:  # it does not know where the stack goes on
        return None
for task in tasks:
    # a task that has exited has no stack, whatever lies where it was
    trace = [] if task.exit_state else prog.stack_trace(task)
    frames = [(pc(frame), frame.name) for frame in trace if not frame.is_inline]
    print(json.dumps({"pid": task.pid.value_(), "comm": task.comm.string_().decode(), "task": task.value_(),
                      "cpu": task_cpu(task), "state": task_state_to_char(task), "running": task.value_() in on_cpu,
                      "frames": frames}))
"""


@pytest.mark.parametrize("name", ["crowd", *SLOW])
def test_drgn_sees_the_same(name):
    """All tasks, their states and CPUs, and every frame of every stack, against drgn with debug information."""
    dump = dumps.get(name)
    loaded = {module["name"] for module in kdump("mods", "--json", dump.vmcore)}
    modules = [file for name, file in dump.kernel.debug_modules().items() if name in loaded]
    theirs = {task["task"]: task for task in
              map(json.loads, oracles.drgn(dump.kernel.debug_vmlinux(), dump.vmcore, DRGN, modules).splitlines())}
    ours = {int(task["task"], 16): task for task in kdump("bt", "-A", "--json", dump.vmcore)}
    trampolines = {int(symbol["address"], 16) for symbol in
                   kdump("sym", "--json", dump.vmcore, "return_to_handler", "arch_rethook_trampoline")}
    assert set(ours) == set(theirs)
    for vaddr, task in ours.items():
        peer = theirs[vaddr]
        assert [task[key] for key in ("pid", "comm", "cpu", "state", "running")] == \
            [peer[key] for key in ("pid", "comm", "cpu", "state", "running")]
        known = [frame for frame in peer["frames"] if frame[0]]
        kernel = [frame for frame in known if frame[0] >> 63]
        pcs = [int(frame["pc"], 16) for frame in task["frames"]]
        traced = [number for number, (there, _) in enumerate(kernel) if there in trampolines]
        if task["comm"] in dumps.TRACED:
            # it ends where tracing has replaced a return address; we know what was there, as the guest's kernel did
            assert len(traced) == 1
            kernel, pcs = kernel[:traced[0]], pcs[:traced[0]]
        elif len(known) < len(peer["frames"]):
            # it gets lost where an interrupt switched to its own stack; we go on to what was interrupted
            pcs = pcs[:len(kernel)]
            assert any(frame["interrupted"] for frame in task["frames"][len(kernel):]), task["comm"]
        assert pcs == [pc for pc, _ in kernel], task["comm"]
        for frame, (_, name_there) in zip(task["frames"], kernel):
            # kallsyms knows labels within functions written in assembly, and clones by their full name
            if name_there and not frame["symbol"].startswith(("entry_SYSCALL_64", "secondary_startup", "asm_")):
                assert frame["symbol"].split(".")[0] == name_there.split(".")[0]
