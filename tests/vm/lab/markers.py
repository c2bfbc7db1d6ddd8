# SPDX-License-Identifier: GPL-2.0-or-later
"""Marker pages of a process in the guest (guest/guest-helper.c): memory that is known beforehand."""

import struct

from . import LabError
from .program import build_folder

PAGE_BYTES = 4096
PATTERN = 0x6B64756D70000000
HELPER = "/usr/local/bin/guest-helper"


def files():
    """For Machine(files=…)."""
    path = build_folder() / "tests/vm/guest-helper"
    if not path.exists():
        raise LabError(f"{path}: not built; ninja -C {build_folder()}")
    return {HELPER: path}


def content(index):
    """The bytes of marker page `index`."""
    first = PATTERN + index * (PAGE_BYTES // 8)
    return struct.pack(f"<{PAGE_BYTES // 8}Q", *range(first, first + PAGE_BYTES // 8))


def start(guest, pages=64):
    """Starts the process; {physical address: the index of its page}."""
    guest.run(f"setsid {HELPER} {pages} >/tmp/markers 2>&1 &")
    guest.run("for try in $(seq 100); do grep -q ready /tmp/markers && exit 0; usleep 100000; done; "
              "cat /tmp/markers; exit 1")
    lines = guest.output("cat /tmp/markers").splitlines()
    return {int(paddr, 16): int(index) for paddr, index in (line.split() for line in lines if " " in line)}
