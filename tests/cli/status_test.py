# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump status on made-up machines, through --root."""
import hashlib
import json

import pytest

IOMEM = """00001000-0009fbff : System RAM
00100000-3fffffff : System RAM
  2d000000-34ffffff : Crash kernel
"""
BOOT = "11111111-2222-3333-4444-555555555555"


def layout_of(iomem, cpus):
    """The digest of marks.c: start and size of each RAM range, then the CPUs."""
    text = ""
    for line in iomem.splitlines():
        if not line.startswith(" ") and line.endswith(": System RAM"):
            start, last = (int(word, 16) for word in line.split(" ")[0].split("-"))
            text += f"0x{start:x} 0x{last + 1 - start:x}\n"
    return hashlib.sha256((text + cpus).encode()).hexdigest()


class Machine:
    def __init__(self, root):
        self.root = root
        self.put("proc/iomem", IOMEM)
        self.put("proc/sys/kernel/random/boot_id", BOOT + "\n")
        self.put("proc/sys/kernel/osrelease", "6.1\n")
        self.put("sys/devices/system/cpu/present", "0-3\n")
        self.put("sys/kernel/kexec_crash_size", "134217728\n")
        self.put("sys/kernel/kexec_crash_loaded", "0\n")
        self.put("boot/vmlinuz", "a kernel")

    def put(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def load(self, armed=True, method="segments", boot=BOOT):
        self.put("sys/kernel/kexec_crash_loaded", "1\n" if armed else "0\n")
        segments = [{"name": "kernel", "address": "0x2e000000", "bytes": 4 << 20},
                    {"name": "initrd", "address": "0x30000000", "bytes": 1 << 20}]
        self.put("var/lib/kdump/loaded.json", json.dumps({
            "version": 1, "armed": armed, "request": {"method": "auto", "backup": "auto"},
            "loaded": {
                "time": 1700000000, "boot_id": boot, "release": "6.1", "method": method,
                "backup": method == "segments", "command_line": "panic=1 elfcorehdr=0x2f000000",
                "layout": layout_of(IOMEM, "0-3"),
                "files": [{"role": "kernel", "path": "/boot/vmlinuz", "bytes": 8,
                           "sha256": hashlib.sha256(b"a kernel").hexdigest()}],
                "segments": segments if method == "segments" else []}}))


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def status(kdump, machine):
    def run():
        """(exit status, text, JSON); both forms must give the same exit status."""
        text = kdump("status", "--root", str(machine.root))
        as_json = kdump("status", "--root", str(machine.root), "--json")
        assert text.returncode == as_json.returncode
        assert not text.stderr and not as_json.stderr
        model = json.loads(as_json.stdout)
        assert model["would_dump"] == (text.returncode == 0)
        assert model["sentence"] in text.stdout
        return text.returncode, text.stdout, model
    return run


def test_ready(machine, status):
    machine.load()
    code, text, model = status()
    assert (code, model["verdict"]) == (0, "ready")
    assert "131072 KiB at 0x2d000000-0x34ffffff, 5120 KiB used" in text
    assert "panic=1 elfcorehdr=0x2f000000" in text
    assert "the first 640 KiB" in text
    assert model["reservation"] == {"bytes": 128 << 20, "used_bytes": 5 << 20,
                                    "ranges": [{"start": "0x2d000000", "bytes": 128 << 20}]}
    assert model["record"]["segments"][1]["address"] == "0x30000000"
    assert model["hint"] is None


def test_file_method_says_what_is_missing(machine, status):
    machine.load(method="file")
    code, text, model = status()
    assert code == 0 and "no digest message" in text and "backup:        none" in text
    assert model["record"]["backup"] is False


def test_high_and_low_reservation(machine, status):
    machine.put("proc/iomem", IOMEM + "100000000-1ffffffff : System RAM\n"
                                      "  1e0000000-1efffffff : Crash kernel\n")
    _, text, model = status()
    assert "0x1e0000000-0x1efffffff, low part at 0x2d000000-0x34ffffff" in text
    assert len(model["reservation"]["ranges"]) == 2


@pytest.mark.parametrize("prepare, verdict, code, says", [
    (lambda m: (m.root / "sys/kernel/kexec_crash_size").unlink(), "unsupported", 1, "CONFIG_KEXEC"),
    (lambda m: m.put("sys/kernel/kexec_crash_size", "0\n"), "no-reservation", 1, "crashkernel="),
    (lambda m: None, "not-loaded", 1, "kdump load"),
    (lambda m: m.load(armed=False), "disarmed", 1, "kdump arm"),
    (lambda m: m.put("sys/kernel/kexec_crash_loaded", "1\n"), "foreign", 1, "another program"),
    (lambda m: m.load(boot="another"), "foreign", 1, "another program"),
    (lambda m: (m.load(), m.put("boot/vmlinuz", "A kernel")), "stale", 0,
     "kernel /boot/vmlinuz has changed"),
    (lambda m: (m.load(), (m.root / "boot/vmlinuz").unlink()), "stale", 0, "is gone"),
    (lambda m: (m.load(), m.put("etc/kdump.conf", "")), "stale", 0, "is new"),
    (lambda m: (m.load(), m.put("sys/devices/system/cpu/present", "0-7\n")), "layout-changed", 1,
     "CPUs"),
    (lambda m: (m.load(), m.put("sys/kernel/kexec_crash_loaded", "0\n")), "lost", 1, "kdump arm"),
    (lambda m: (m.load(boot="another"), m.put("sys/kernel/kexec_crash_loaded", "0\n")),
     "not-loaded-since-boot", 1, "kdump arm"),
    (lambda m: m.put("var/lib/kdump/loaded.json", "{"), "not-loaded", 1, "loaded.json: line 1"),
])
def test_verdicts(machine, status, prepare, verdict, code, says):
    prepare(machine)
    exit_status, text, model = status()
    assert (exit_status, model["verdict"]) == (code, verdict)
    assert says in text


def test_hidden_addresses_are_an_error(kdump, machine):
    machine.put("proc/iomem", "00000000-00000000 : System RAM\n")
    result = kdump("status", "--root", str(machine.root))
    assert result.returncode == 1 and result.stderr.startswith("kdump: status: ")
    assert len(result.stderr.splitlines()) == 1


def test_root_must_exist(kdump, tmp_path):
    result = kdump("status", "--root", str(tmp_path / "nowhere"))
    assert result.returncode == 1 and "nowhere: No such file" in result.stderr


@pytest.mark.parametrize("arguments", [("--jsn",), ("--root",), ("extra",)])
def test_usage(kdump, arguments):
    result = kdump("status", *arguments)
    assert result.returncode == 2 and result.stderr.startswith("kdump status: ")
