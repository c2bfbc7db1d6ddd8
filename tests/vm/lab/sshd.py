# SPDX-License-Identifier: GPL-2.0-or-later
"""A real sshd on this machine's loopback, for one user of its own, gone with the `with` that it is for.

    with sshd.running() as server:
        subprocess.run(["scp", *server.options, file, server.place("copy")])
        server.folder / "copy"

Nothing is installed, because the package would start a server on the machine of whoever runs the tests: its files are
unpacked into the cache. The server is not root, and its user is one that only it knows (libnss-wrapper).
"""

import contextlib
import dataclasses
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from . import LabError, cache
from .archive import Archive

PACKAGES = ("openssh-server", "libwrap0", "libnss-wrapper")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
USER = "lab"
NOBODY = 65534


@dataclasses.dataclass(frozen=True)
class Server:
    folder: Path  # the server may write to it
    options: list

    def place(self, name):
        return f"{USER}@127.0.0.1:{self.folder / name}"


def _unpacked():
    archive = Archive()
    versions = {name: archive.fields(name)["Version"] for name in PACKAGES}

    def build(path):
        for name, version in versions.items():
            deb = path.parent / f"{name}.deb"
            archive.download(name, version, deb)
            (path.parent / "download").rmdir()
            subprocess.run(["dpkg-deb", "-x", deb, path], check=True)
    return cache.make(cache.folder() / "sshd" / versions["openssh-server"], build)


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _write_configuration(folder, port, identity):
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    (folder / "passwd").write_text(f"{USER}:x:{identity}:{identity}:{USER}:{folder}:/bin/sh\n", encoding="ascii")
    (folder / "group").write_text(f"{USER}:x:{identity}:\n", encoding="ascii")
    (folder / "config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        "StrictModes no\nPidFile none\nUsePAM no\nSubsystem sftp internal-sftp\n", encoding="ascii")


def _wait_until_it_listens(process, port, log):
    for _ in range(300):
        if process.poll() is not None:
            raise LabError(f"sshd: {log.read_text(errors='replace')}")
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise LabError("sshd does not listen")


@contextlib.contextmanager
def running():
    files = _unpacked()
    port = _free_port()
    identity = os.getuid() or NOBODY
    # below /var/tmp, because the server has no way into pytest's own folders
    with tempfile.TemporaryDirectory(prefix="kdump-sshd-", dir="/var/tmp") as name:
        folder = Path(name)
        # the cache may be where the server's user cannot go, and have a colon in its name
        for file in (files / "usr/sbin/sshd", *(files / LIBRARIES).glob("lib*.so*")):
            shutil.copy(file, folder)
        _write_configuration(folder, port, identity)
        command = [folder / "sshd", "-D", "-e", "-f", folder / "config"]
        if os.getuid() == 0:
            for path in (folder, *folder.iterdir()):
                if path.name != "user":
                    os.chown(path, identity, identity)
            command = ["setpriv", f"--reuid={identity}", f"--regid={identity}", "--clear-groups", *command]
        environment = {**os.environ, "LD_LIBRARY_PATH": str(folder), "LD_PRELOAD": "libnss_wrapper.so",
                       "NSS_WRAPPER_PASSWD": str(folder / "passwd"), "NSS_WRAPPER_GROUP": str(folder / "group")}
        log = folder / "log"
        with open(log, "wb") as stream, \
                subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=stream, cwd="/") as process:
            try:
                _wait_until_it_listens(process, port, log)
                yield Server(folder, ["-q", "-i", folder / "user", "-P", str(port), "-o", "IdentitiesOnly=yes",
                                      "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
            finally:
                process.terminate()
