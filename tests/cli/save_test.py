# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump save: what it says in the end, and what it leaves when it is stopped."""
import json
import os
import pty
import random
import re
import resource
import select
import signal
import subprocess
import time

import pytest

from input_test import header

MEMORY = 16 << 20


@pytest.fixture
def memory(tmp_path):
    """Memory and nothing else; noise, that no codec makes smaller."""
    path = tmp_path / "memory"
    path.write_bytes(random.Random(1).randbytes(MEMORY))
    return str(path)


def facts(kdump, dump):
    return json.loads(kdump("info", "--json", dump).stdout)


@pytest.fixture
def incomplete(kdump, memory, tmp_path):
    path = str(tmp_path / "incomplete")
    result = kdump("save", "--raw-input", "--limit", "8M", memory, path)
    assert result.returncode == 1 and not facts(kdump, path)["complete"]
    assert "No space left, it may become 8 MiB large" in result.stderr
    return path


@pytest.mark.parametrize("form", ["kdump", "elf", "flat"])
def test_an_incomplete_source(kdump, incomplete, tmp_path, form):
    """What it lacks is lacking in what it becomes."""
    result = kdump("save", "-q", "--json", "-f", form, incomplete, str(tmp_path / "out"))
    told = json.loads(result.stdout)
    assert result.returncode == 1 and not told["complete"] and told["unreadable"] > 1000
    assert f"warning: {told['unreadable']} pages could not be read" in result.stderr
    assert not facts(kdump, str(tmp_path / "out"))["complete"]


def test_a_dry_run_completes_nothing(kdump, memory):
    assert "complete" not in json.loads(kdump("save", "-n", "--json", "--raw-input", memory).stdout)


def test_levels_of_a_stream(kdump, memory, tmp_path):
    """What went into a pipe cannot be begun again; a file can, flattened or not."""
    result = kdump("save", "-d", "1,31", "--raw-input", memory, "-")
    assert result.returncode == 2 and "begun again" in result.stderr
    result = kdump("save", "-d", "1,31", "-f", "flat", "--limit", "4M", "--raw-input", memory, str(tmp_path / "out"))
    assert result.returncode == 1 and "trying again with level 31" in result.stderr


@pytest.mark.parametrize("form", ["kdump", "elf", "flat"])
@pytest.mark.parametrize("target", ["/dev/null", "."])
def test_targets_that_are_none(kdump, memory, tmp_path, form, target):
    result = kdump("save", "-f", form, "--raw-input", memory, target, cwd=tmp_path)
    assert result.returncode == 1 and "not a file that can be written" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("form", ["flat", "elf"])
@pytest.mark.parametrize("threads", ["1", "3"])
def test_stopped_while_nobody_reads(memory, number, form, threads):
    """A pipe that is full holds nobody up who was told to stop."""
    reader, writer = os.pipe()
    command = [os.environ["KDUMP"], "save", "-j", threads, "-f", form, "--raw-input", memory, "-"]
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(timeout=10) == 1 and "Interrupted" in process.stderr.read()
    os.close(reader)
    os.close(writer)


def test_few_zero_pages_are_no_hole(kdump, tmp_path):
    """Each hole costs a file system more than some pages of zeros: but many of them are one, and a quick copy stays small."""
    page, data = 4096, b"\xa5" * 4096
    memory, out = tmp_path / "spotted", tmp_path / "out"
    memory.write_bytes(data + bytes(page) + data + bytes(33 * page) + data)
    assert kdump("save", "-q", "-f", "elf", "--raw-input", str(memory), str(out)).returncode == 0
    with open(out, "rb") as core:
        start = os.path.getsize(out) - 37 * page
        core.seek(start)
        assert core.read() == memory.read_bytes()
        hole = os.lseek(core.fileno(), start, os.SEEK_HOLE)
        assert hole == start + 3 * page and os.lseek(core.fileno(), hole, os.SEEK_DATA) == start + 36 * page


@pytest.mark.parametrize("form", ["kdump", "elf", "flat"])
def test_a_limit_of_the_file_size(kdump, memory, tmp_path, form):
    """ulimit -f: SIGXFSZ kills nobody, and what fitted is a dump that says what it is."""
    out = str(tmp_path / "out")
    result = kdump("save", "-q", "-d", "0,1", "-f", form, "--raw-input", memory, out,
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, 8 << 20)))
    assert result.returncode == 1, result.stderr
    assert f"kdump: {out}: after" in result.stderr and "MiB: File too large" in result.stderr
    assert "trying again with level 1" in result.stderr
    told = facts(kdump, out)
    assert not told["complete"]
    assert os.stat(out).st_size <= 8 << 20
    # of what was written of pages, most can be read
    assert kdump("mem", "--physical", out, f"{4 << 20:x}").returncode == 0


def test_a_flattened_file_without_its_end(kdump, memory, tmp_path):
    """How much is missing nobody can tell, and nobody does."""
    out = tmp_path / "out"
    assert kdump("save", "-q", "-f", "flat", "--raw-input", memory, str(out)).returncode == 0
    with open(out, "r+b") as stream:
        stream.truncate(out.stat().st_size - 16)
    assert "complete:  no, the flattened file lacks its end" in kdump("info", str(out)).stdout
    verdict = kdump("verify", str(out))
    assert verdict.returncode == 1 and "the flattened file lacks its end" in verdict.stdout
    assert "bytes are missing" not in verdict.stdout


def on_terminal(command, until, then, most_s=60):
    """Runs it on a terminal of its own; when that shows what matches, `then` is typed. Exit status and all that was shown."""
    child, terminal = pty.fork()
    if not child:
        os.execv(command[0], command)
    shown, typed, end = b"", False, time.monotonic() + most_s
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # EIO: nobody has it any more
            break
        if not typed and re.search(until, shown):
            os.write(terminal, then)
            typed = True
    else:
        os.kill(child, signal.SIGKILL)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


def test_progress_of_a_search(kdump, tmp_path):
    """Where a dump does not tell what kernel it is of, all memory is searched for that: not in silence."""
    memory = str(tmp_path / "memory")
    with open(memory, "wb") as stream:
        stream.truncate(16 << 30)  # as much as takes seconds to be read
    status, shown = on_terminal([os.environ["KDUMP"], "pages", "--raw-input", memory], rb"^$", b"")
    assert status == 1, shown
    assert re.search(r"\rsearching VMCOREINFO: \d+ MiB of 16384 \(\d+%\), \d+ MiB/s, \d+ s left", shown), shown
    assert re.search(r"\r\nkdump: .*no VMCOREINFO", shown), shown
    # what is at once there needs no word
    short = str(tmp_path / "short")
    with open(short, "wb") as stream:
        stream.truncate(1 << 20)
    status, shown = on_terminal([os.environ["KDUMP"], "pages", "--raw-input", short], rb"^$", b"")
    assert status == 1 and "searching" not in shown, shown


@pytest.mark.parametrize("form", ["kdump", "elf"])
def test_progress_and_control_c(kdump, tmp_path, form):
    """On a terminal the line tells how far it is, how fast it goes and how long it takes; ^C leaves a dump."""
    core = str(tmp_path / "core")
    subprocess.run([os.environ["MADE_MACHINE"], "64", core], check=True)  # as much as takes seconds to be read
    out = str(tmp_path / "out")
    progress = rb"out: \d+ MiB of 65536 \(\d+%\), \d+ MiB/s, \d+ s left"
    command = [os.environ["KDUMP"], "save", "-d", "0", "-f", form, core, out]
    status, shown = on_terminal(command, progress, b"\x03")
    assert status == 1, shown
    assert re.search(r"kdump: stopped after \d+ MiB\r\n$", shown), shown
    assert re.search(r"\r\n.*out: \d+ pages .* incomplete\r\n", shown), shown
    told = facts(kdump, out)
    assert not told["complete"] and told["pages"]["present"] == (64 << 30) // 4096
    assert kdump("mem", "--physical", out, "1000").returncode == 0


def test_the_source_is_not_replaced(kdump, memory, tmp_path):
    """By whatever name; nor is a file of the set that is read, though only another one was named."""
    link = tmp_path / "link"
    os.link(memory, link)
    source = {path: path.read_bytes() for path in (link, tmp_path / "memory")}
    for target in source:
        result = kdump("save", "--force", "--raw-input", memory, str(target))
        assert result.returncode == 1 and "is the source itself" in result.stderr
    for number, (start, end) in enumerate(((0, 20), (20, 20), (20, 64))):
        path = tmp_path / f"dump.{number}"
        path.write_bytes(header(b"KDUMP   ", start, end))
        source[path] = path.read_bytes()
    for number in range(3):
        result = kdump("save", "--force", str(tmp_path / "dump.0"), str(tmp_path / f"dump.{number}"))
        assert result.returncode == 1 and "is the source itself" in result.stderr, number
    assert source == {path: path.read_bytes() for path in source}
    assert kdump("save", "--force", str(tmp_path / "dump.0"), str(tmp_path / "dump.3")).returncode == 0
