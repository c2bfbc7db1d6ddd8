# SPDX-License-Identifier: GPL-2.0-or-later
"""Time and memory against the size of the machine: made-up ones of 1 GiB to 64 TiB whose pages can be told apart.

Of each size all is judged, and then saved into a pipe that nobody looks at. All of them have the same kinds of pages in
turn; what is kept is little, and compresses better than what a real machine has.
"""
import json
import os
import re
import statistics
import subprocess
import time

# in GiB
SIZES = (1, 16, 256, 4096)
SLOW_SIZES = (65536,)
ONCE_FROM = 4096
# A peer that took longer than this is not asked for the next size, which is 16 times as large.
PEER_MOST_S = 100
# What makedumpfile says that it took to judge pages: its dry run goes on to read and compress those that it keeps, and ours
# does that with some of them.
STEP = re.compile(r"STEP \[(?:Checking for memory holes|Excluding unnecessary pages)\s*\] : ([0-9.]+) seconds")


class Failed(Exception):
    """A command ended with another status than 0."""


def measure(folder, command):
    """(seconds, of the CPU, MiB of memory, seconds by its own account) of one run; its output goes nowhere."""
    usage, said = os.path.join(folder, "usage"), os.path.join(folder, "said")
    tells = "--message-level" in command or "--json" in command
    before = time.monotonic()
    with open(said if tells else os.devnull, "wb") as out:
        done = subprocess.run(["time", "-f", "%M %U %S", "-o", usage, *command], stdin=subprocess.DEVNULL, check=False,
                              stdout=out, stderr=subprocess.PIPE)
    seconds = time.monotonic() - before
    if done.returncode:
        raise Failed(f"status {done.returncode}: {done.stderr.decode(errors='replace')[-150:]}")
    with open(usage, encoding="ascii") as stream:
        kib, user, system = stream.read().split()
    own = 0
    if tells:
        with open(said, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
        own = json.loads(text)["seconds"]["plan"] if "--json" in command else sum(map(float, STEP.findall(text)))
    return seconds, float(user) + float(system), int(kib) / 1024, own


def show(gib, what, runs):
    own = all(run[3] for run in runs)
    seconds = statistics.median(run[3] if own else run[0] for run in runs)
    cpu = "" if own else f"{statistics.median(run[1] for run in runs) * 1000 / gib:.2f}"
    print(f"{gib:>8} {what:28} {seconds:9.3f} {seconds * 1000 / gib:9.2f} {gib / seconds:9.1f} {cpu:>10} "
          f"{max(run[2] for run in runs):8.1f}", flush=True)


def compare(kdump, build, rounds, slow, folder):
    core, out = os.path.join(folder, "core"), os.path.join(folder, "out")
    rows = [("judged", [kdump, "save", "-n", "--json", core]),
            ("judged: makedumpfile", ["makedumpfile", "--dry-run", "--message-level", "16", "-d", "31", core, out]),
            ("saved", [kdump, "save", "-q", "-d", "31", core, "-"]),
            ("saved: makedumpfile -c", ["makedumpfile", "-F", "-c", "-d", "31", core])]
    given_up = {}
    print(f"{'GiB':>8} {'':28} {'s':>9} {'ms/GiB':>9} {'GiB/s':>9} {'CPU ms/GiB':>10} {'MiB RAM':>8}")
    for gib in SIZES + (SLOW_SIZES if slow else ()):
        subprocess.run([build / "tests/unit/made_machine", str(gib), core], check=True)
        for what, command in rows:
            if what in given_up:
                print(f"{gib:>8} {what:28} not run: {given_up[what]}", flush=True)
                continue
            try:
                runs = [measure(folder, command) for _ in range(1 if gib >= ONCE_FROM else rounds)]
            except Failed as failed:
                if command[0] == kdump:
                    raise
                runs, given_up[what] = [], f"the size before failed: {failed}"
                print(f"{gib:>8} {what:28} failed: {failed}", flush=True)
            if runs:
                show(gib, what, runs)
            if command[0] != kdump and runs and runs[0][0] > PEER_MOST_S:
                given_up[what] = f"the size before took {runs[0][0]:.0f} s"
