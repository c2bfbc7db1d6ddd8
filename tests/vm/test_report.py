# SPDX-License-Identifier: GPL-2.0-or-later
"""The explanation of a crash: in the second kernel and at the desk, in all renderings."""

import json
import re
import subprocess
from html.parser import HTMLParser

import pytest

from lab import dumps, program
from test_capture import kdump, load


def report(dump):
    return json.loads(kdump("report", "--json", "--no-lines", dump))


@pytest.mark.parametrize("name", ["crowd", "crowd-6.12"])
def test_the_second_kernel_explains_as_much(name):
    """What kdump-capture wrote before the dump, with 160 MiB of memory, is what the whole dump tells."""
    dump = dumps.get(name)
    ours, captured = report(dump.vmcore), json.loads((dump.folder / "crash/report.json").read_text())
    assert ours == captured
    assert ours["kind"] == "requested" and "sysrq" in ours["sentence"] and ours["missing"] == []
    panic = json.loads(kdump("info", "--json", dump.vmcore))["panic"]
    assert panic == {name: ours["panic"][name] for name in ("message", "cause", "cpu", "pid", "comm")}
    assert panic["cause"] == "sysrq: Trigger a crash"
    guilty = ours["cpus"][ours["panic"]["cpu"]]
    assert [frame["symbol"] for frame in guilty["frames"]][:3] == ["__crash_kexec", "panic", "sysrq_handle_crash"]
    assert ours["blocked"][0]["comm"] == "blocked" and ours["blocked"][0]["more"] == 9
    held = {each["comm"]: each["lock"]["kind"] for each in ours["blocked"] if each["lock"] and each["lock"]["owner"]}
    assert held == {"mutex-waiter": "mutex", "rwsem-waiter": "rw_semaphore"}
    chains = [hint for hint in ours["hints"] if "held by" in hint]
    assert len(chains) == 2
    for chain, what, lock in zip(chains, ("mutex", "rwsem"), ("mutex", "rw_semaphore"), strict=True):
        assert re.fullmatch(rf"{what}-waiter \(\d+\) waits for {lock} 0x[0-9a-f]+ held by {what}-holder \(\d+\), "
                            r"which sleeps in [a-z_]+\(\)", chain)
    assert [step["error"] for step in json.loads((dump.folder / "crash/manifest.json").read_text())["steps"]
            if step["name"] == "report"] == [None]
    text = (dump.folder / "crash/report.txt").read_text()
    assert text == kdump("report", "--no-lines", dump.vmcore)
    assert ours["sentence"] in text and ours["signature"] in text
    # registers: of the CPU that panicked by its stack, of the others behind everything else
    parts = re.split(r"^(.+)\n-+\n", text, flags=re.M)[1:]
    with_registers = [title for title, body in zip(parts[::2], parts[1::2], strict=True) if "  rip  " in body]
    assert with_registers[0].endswith("which panicked") and len(with_registers) == len(ours["cpus"])
    assert all(title.startswith("Registers of CPU") for title in with_registers[1:])
    assert parts.index("Blocked tasks") < parts.index("The end of the kernel's log") < parts.index(with_registers[1])
    assert all(f"hint       {hint}\n" in text for hint in ours["hints"])


def test_one_bug_one_signature():
    """Other boots, other addresses, other numbers of CPUs and processes."""
    reports = [report(dumps.get(name).vmcore) for name in ("idle", "filled", "hot-added", "crowd")]
    assert len({each["signature"] for each in reports}) == 1 and reports[0]["signature"]
    assert len({each["cpus"][0]["registers"]["rip"] for each in reports}) > 1


def test_memory_by_use():
    """As the guest's own /proc/meminfo had it."""
    dump = dumps.get("filled")
    said = {name: int(kib) << 10 for name, kib in re.findall(r"^(\S+):\s+(\d+) kB", dump.said("meminfo"), re.M)}
    ours = report(dump.vmcore)["memory"]
    expected = {"total": said["MemTotal"], "free": said["MemFree"], "shared": said["Shmem"], "processes": said["AnonPages"],
                "page cache": said["Cached"] + said["Buffers"] - said["Shmem"], "slab": said["Slab"],
                "page tables": said["PageTables"], "kernel stacks": said["KernelStack"]}
    for name, bytes_ in expected.items():
        # a little changes until the panic, and CPUs hold back what they have not yet added up
        assert abs(ours[name] - bytes_) < (16 << 20) + bytes_ // 50, (name, ours[name], bytes_)
    assert ours["other"] > said["HugePages_Total"] if "HugePages_Total" in said else True


class Page(HTMLParser):
    """Checks that tags match, and that nothing is fetched."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img", "iframe")
        assert not {name for name, _ in attrs} & {"src", "href", "onclick"}
        if tag not in ("meta", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if tag not in ("meta", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html(tmp_path):
    dump = dumps.get("crowd")
    page = tmp_path / "report.html"
    kdump("report", "--html", "-o", page, dump.vmcore)
    text = "".join(Page(page.read_text()).text)
    ours = report(dump.vmcore)
    for piece in (ours["sentence"], ours["signature"], "spin-kernel", "panicked", "virtio_blk", *ours["hints"], *ours["log"][-3:]):
        assert piece in text
    assert "http" not in page.read_text().replace("http://www.w3.org", "").split("<h2>The end of")[0]


def test_source_lines(tmp_path):
    """With the debug package unpacked somewhere: as kdump bt has them, and otherwise the same report."""
    dump = dumps.get("crowd")
    folder = ["--debug-folder", dump.kernel.debug_folder()]
    lined = json.loads(kdump("report", "--json", *folder, dump.vmcore))
    stacks = {stack["cpu"]: stack["frames"] for stack in json.loads(kdump("bt", "-a", "--json", *folder, dump.vmcore))}
    for cpu in lined["cpus"]:
        assert cpu["frames"] == stacks[cpu["cpu"]]
    places = [place for cpu in lined["cpus"] for frame in cpu["frames"] for place in frame["source"]]
    assert any(place["inlined"] for place in places) and any(place["file"] == "kernel/panic.c" for place in places)
    for each in lined["cpus"] + lined["blocked"]:
        for frame in each["frames"]:
            del frame["source"]
    assert lined == report(dump.vmcore)
    page = tmp_path / "report.html"
    kdump("report", "--html", *folder, "-o", page, dump.vmcore)
    text = kdump("report", *folder, dump.vmcore)
    for place in places:
        assert f" at {place['file']}:{place['line']}\n" in text
        assert f" at {place['file']}:{place['line']}\n" in "".join(Page(page.read_text()).text)


@pytest.mark.slow
def test_out_of_memory(crash_machine):
    """A machine that runs out of memory, and panics as it is set up to."""
    machine = crash_machine(target="ext4", crashkernel="192M", files=program.kdump())
    load(machine)
    machine.guest.run("echo 1 >/proc/sys/vm/panic_on_oom; umount /tmp 2>/dev/null; true")
    machine.end_at_reset()
    machine.crashed_at = machine.console.position()
    machine.guest.send("tail /dev/zero\n")
    machine.wait_second_kernel(180)
    assert machine.wait_reset(300) == "guest-reset"
    folder = machine.crash_folder()
    ours = json.loads((folder / "report.json").read_text())
    assert ours["kind"] == "out-of-memory" and ours["panic"]["comm"] == "tail"
    assert ours["sentence"].startswith("Memory ran out, and the system is set up to panic then, on CPU")
    memory = ours["memory"]
    assert memory["processes"] > memory["total"] // 2 and memory["free"] < memory["total"] // 10
    assert any("who had how much" in hint for hint in ours["hints"])
    assert "out_of_memory" in ours["signature_text"]
    assert ours["signature"] and ours["signature"] != report(dumps.get("idle").vmcore)["signature"]
    largest = max(json.loads(kdump("ps", "--json", folder)), key=lambda task: task["rss_bytes"] or 0)
    assert largest["comm"] == "tail" and largest["rss_bytes"] > 300 << 20


def test_oops_of_an_unhandled_dump_says_what_is_missing(tmp_path):
    """A dump without its symbols' pages: the log is explained all the same, and the gap is named."""
    dump = dumps.get("idle")
    small = tmp_path / "small"
    subprocess.run([program.kdump_command(), "save", "--quiet", "-d", "31", "--limit", "8M", dump.vmcore, small], check=False)
    done = subprocess.run([program.kdump_command(), "report", "--json", small], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["missing"]
