# SPDX-License-Identifier: GPL-2.0-or-later
"""A shell in the guest, over its second serial port; files in and out by tar over two raw disks."""

import dataclasses
import io
import secrets
import socket
import tarfile
import time
from pathlib import Path, PurePosixPath

from . import LabError
from .image import copy_sparse

READY = b"LAB-READY"
# The guest's terminal keeps 4095 bytes that its shell has not read yet, and loses what is beyond.
LONGEST_COMMAND = 3000


@dataclasses.dataclass(frozen=True)
class Result:
    command: str
    status: int
    output: str  # stdout and stderr as they came


def tar_of(files):
    """The tar archive of {path in the guest: bytes, text, or the Path of a file or folder here}."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", dereference=False) as tar:
        for name, content in files.items():
            name = str(name).lstrip("/")
            if isinstance(content, Path):
                tar.add(content, arcname=name, filter=_as_root)
                continue
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(data), 0o755, int(time.time())
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def send(disk, files):
    """Writes the archive of those files to the disk, as guest/unpack expects it there."""
    archive = tar_of(files)
    with open(disk, "r+b") as stream:
        stream.write(str(len(archive)).encode().ljust(512, b"\0") + archive)


def _as_root(info):
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    return info


class Guest:
    def __init__(self, qemu, disk_in, disk_out):
        self.qemu = qemu
        self.disk_in, self.disk_out = disk_in, disk_out
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(qemu.sockets / "control"))
        self.buffer = b""

    def close(self):
        self.socket.close()

    def _receive(self):
        """Takes what has come, without waiting longer than a moment."""
        self.socket.settimeout(0.05)
        try:
            data = self.socket.recv(1 << 16)
        except TimeoutError:
            return
        if not data:
            raise self.qemu.fail("QEMU closed the guest's control port")
        self.buffer += data

    def _until(self, what, condition, timeout):
        def poll():
            self._receive()
            return condition()
        return self.qemu.wait(what, poll, timeout)

    def wait_ready(self, timeout=120):
        """Waits for the shell of a kernel that has just been started, or started again."""
        self._until("the guest's shell", lambda: READY in self.buffer, timeout)
        self.buffer = b""

    def run(self, command, timeout=60, check=True):
        """Runs a shell command; its status and output. With check, a status other than 0 is an error."""
        if len(command) > LONGEST_COMMAND:
            raise LabError("too long for the control port: put() a script and run that")
        token = secrets.token_hex(8)
        # The shell must not see the token in one piece before it prints it.
        self.send(f"(\n{command}\n) </dev/null 2>&1; printf '\\n%s%s %d\\n' {token[:8]} {token[8:]} $?\n")
        mark = b"\n" + token.encode() + b" "

        def finished():
            return mark in self.buffer and b"\n" in self.buffer.split(mark, 1)[1]
        self._until(f"“{command}” to finish", finished, timeout)
        output, _, rest = self.buffer.partition(mark)
        status, _, self.buffer = rest.partition(b"\n")
        result = Result(command, int(status), output.decode("utf-8", "replace").replace("\r\n", "\n"))
        if check and result.status != 0:
            raise LabError(f"“{command}” ended with status {result.status}:\n{result.output}")
        return result

    def output(self, command, timeout=60):
        return self.run(command, timeout).output.strip()

    def send(self, text):
        """Writes to the shell without waiting for anything."""
        self.socket.settimeout(30)
        self.socket.sendall(text.encode())

    def put(self, files):
        """Puts {path in the guest: bytes, text or Path here} into the running guest."""
        send(self.disk_in, files)
        self.run("lab-unpack")

    def get(self, paths, destination, timeout=300):
        """Copies files or folders of the guest below the folder `destination`, keeping their paths."""
        names = " ".join(f"'{PurePosixPath(path).relative_to('/')}'" for path in paths)
        self.run(f"tar -cf /dev/lab/out -C / {names} && sync && blockdev --flushbufs /dev/lab/out", timeout)
        destination = Path(destination)
        with tarfile.open(self.disk_out) as tar:
            for member in tar:
                place = destination / member.name
                if ".." in PurePosixPath(member.name).parts:
                    raise LabError(f"the guest's archive wants out: {member.name}")
                if member.isdir():
                    place.mkdir(parents=True, exist_ok=True)
                elif member.isfile():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    copy_sparse(tar.extractfile(member), place, member.size)
        return destination
