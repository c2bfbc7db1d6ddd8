# SPDX-License-Identifier: GPL-2.0-or-later
"""The cache folder: what is downloaded or built once and kept between runs.

Everything in it can be deleted at any time. A thing appears in it whole or not at all: it is made
in a folder of its own beside its place, and renamed.
"""

import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


def folder():
    path = Path(os.environ.get("KDUMP_CACHE") or CHECKOUT / "cache")
    path.mkdir(parents=True, exist_ok=True)
    return path


def say(message):
    """Progress for a person, on stderr so that output stays clean."""
    print(f"lab: {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def lock(name):
    """One process at a time makes what is called `name`; the others wait and then find it made."""
    with open(folder() / f".{name}.lock", "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make(place, build):
    """Returns `place`, a path in the cache, calling build(path) to make it when it is missing.

    build() gets a path that does not exist yet and leaves a file or a folder there.
    """
    place = Path(place)
    if place.exists():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with lock(place.name):
        if place.exists():
            return place
        unfinished = f".making-{place.name}-"
        for left_over in place.parent.glob(unfinished + "*"):
            shutil.rmtree(left_over)  # of a run that was killed: the lock says that nobody is at it
        work = Path(tempfile.mkdtemp(prefix=unfinished, dir=place.parent))
        try:
            build(work / place.name)
            os.rename(work / place.name, place)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return place


def age_seconds(path, now):
    try:
        return now - os.stat(path).st_mtime
    except FileNotFoundError:
        return float("inf")
