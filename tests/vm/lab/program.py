# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs for the guest: the kdump that was built, or any program of the host, with its libraries."""

import os
import re
import subprocess
from pathlib import Path

from . import LabError, cache


def build_folder():
    return Path(os.environ.get("KDUMP_BUILD") or cache.CHECKOUT / "build")


def libraries(program):
    """{path in the guest: Path here} of the shared libraries of a program, the loader included."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {}  # a static one
    return {path: Path(path).resolve() for path in re.findall(r"(/\S+) \(0x", done.stdout)}


def host_programs(*paths):
    """Programs of the host and their libraries, to the same places in the guest."""
    files = {}
    for path in map(Path, paths):
        if not path.exists():
            raise LabError(f"{path}: not there; script/bootstrap lab test installs it")
        files[str(path)] = path.resolve()
        files.update(libraries(path))
    return files


def kdump():
    """What `meson install` installs, with the libraries, to the places where it expects to be."""
    build = build_folder()
    if not (build / "build.ninja").exists():
        raise LabError(f"{build}: not built; meson setup {build} && ninja -C {build}, or set KDUMP_BUILD")
    # tests may run in several processes, and each has a folder that no other writes while it reads
    stage = build / f"lab-install{os.environ.get('PYTEST_XDIST_WORKER', '')}"
    done = subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", stage.resolve()],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"meson install: {done.stderr.strip() or done.stdout.strip()}")
    files = {}
    for path in stage.rglob("*"):
        if path.is_file() and "/man/" not in str(path):
            files[f"/{path.relative_to(stage)}"] = path
            if os.access(path, os.X_OK):
                files.update(libraries(path))
    return files


def kdump_command():
    """The kdump of the build, to be run here on a dump."""
    return build_folder() / "src/cmd/kdump"
