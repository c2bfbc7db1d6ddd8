# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump's Debian package, built by script/package from the checkout as it is, once for each state of it."""

import hashlib
import re
import subprocess

from . import LabError, cache

# What becomes the package; a change elsewhere needs no new one.
SOURCES = ("src", "conf", "completion", "man", "meson", "debian", "system", "docs", "meson.build", "meson_options.txt",
           "script/package", "README.md", "NEWS.md", "LICENSE")


def _files():
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *SOURCES],
                            cwd=cache.CHECKOUT, capture_output=True, check=True).stdout
    return sorted({cache.CHECKOUT / name.decode() for name in listed.split(b"\0") if name})


def build():
    """The path of the .deb."""
    digest = hashlib.sha256()
    for file in _files():
        if file.is_file():
            digest.update(f"{file.relative_to(cache.CHECKOUT)}\0".encode() + file.read_bytes())

    def make(path):
        cache.say("building the Debian package")
        out = path.parent / "out"
        done = subprocess.run([cache.CHECKOUT / "script/package", out], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"script/package: {(done.stdout + done.stderr)[-5000:]}")
        (found,) = [deb for deb in out.glob("kdump_*.deb")]
        found.rename(path)
    return cache.make(cache.folder() / "packages" / f"kdump-{digest.hexdigest()[:12]}.deb", make)


def next_version(deb, work):
    """The same package as a version that comes after it, and differs in the program for the second kernel."""
    tree, path = work / "tree", work / "next.deb"
    work.mkdir()
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*", r"\g<0>+next", control.read_text()))
    with open(tree / "usr/libexec/kdump/kdump-capture", "ab") as program:
        program.write(b"next")  # behind all that an ELF file's headers speak of
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, path], stdout=subprocess.DEVNULL, check=True)
    return path
