# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU process: how it is started, listened to and ended. It does not outlive this program.

No KVM, even where there is some: under it guests were seen to hang, and TCG is everywhere the same.
"""

import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from . import LabError
from .gdbstub import GdbStub
from .qmp import Qmp

OVMF = Path("/usr/share/ovmf/OVMF.fd")
# The same as flash chips: its code, and the variables that it starts with.
OVMF_CODE, OVMF_VARIABLES = Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
# With Secure Boot on and Microsoft's keys, by which shim is signed. Its variables are safe from the system by SMM.
OVMF_SECURE_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd")
OVMF_SECURE_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.ms.fd")
SECURE_MACHINE = "q35,smm=on"


class Console:
    """What the guest wrote to its first serial port."""

    def __init__(self, path):
        self.path = Path(path)

    def text(self, since=0):
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return ""
        return data[since:].decode("utf-8", "replace").replace("\r", "")

    def position(self):
        return self.path.stat().st_size if self.path.exists() else 0

    def tail(self, lines=25):
        return "\n".join(self.text().splitlines()[-lines:])


class Keyboard:
    """Types on the guest's first serial port: keyboard.line("ls"). What it prints is the Console's."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        # what nobody took would stop the guest's output in the end
        self.drain = threading.Thread(target=self._drain, daemon=True)
        self.drain.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.drain.join(10)
        self.socket.close()

    def _drain(self):
        while self.socket.recv(1 << 16):
            pass

    def line(self, text):
        # an emulated UART has room for 16 characters, and a slow guest is slow to fetch them
        for at in range(0, len(text) + 1, 8):
            self.socket.sendall((text + "\n")[at:at + 8].encode("ascii"))
            time.sleep(0.02)


class Qemu:
    """Started by the constructor; close() ends it."""

    def __init__(self, work, console, *, disks, cpu, cpus, memory, kernel=None, initrd=None, append=None, efi=False,
                 machine="pc"):
        """Without a kernel, the firmware boots the first disk."""
        self.work = Path(work)
        # Socket names are limited to 107 characters, and work may be deep.
        self.sockets = Path(tempfile.mkdtemp(prefix="kdump-lab-"))
        self.console = console
        self.stderr = self.work / "qemu.err"
        command = [
            # The machine dies with this program, however that dies.
            "setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64",
            "-nodefaults", "-no-user-config", "-display", "none",
            "-machine", machine, "-accel", "tcg,thread=multi",
            "-cpu", cpu, "-smp", str(cpus), "-m", memory,
            "-device", "vmcoreinfo",
            *self._socket("console", f",logfile={self.console.path}"), "-serial", "chardev:console",
            *self._socket("control"), "-serial", "chardev:control",
            *self._socket("qmp"), "-mon", "chardev=qmp,mode=control",
            *self._socket("gdb"), "-gdb", "chardev:gdb",
        ]
        if kernel:
            command += ["-kernel", kernel, "-initrd", initrd, "-append", append]
        if isinstance(efi, Path):
            code = OVMF_SECURE_CODE if machine == SECURE_MACHINE else OVMF_CODE
            command += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
                        "-drive", f"if=pflash,unit=1,format=raw,file={efi}"]
        if machine == SECURE_MACHINE:
            command += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
        elif efi:
            command += ["-bios", OVMF]
        for name, path, form in disks:
            command += ["-drive", f"if=none,id={name},file={path},format={form},cache=unsafe,discard=unmap",
                        "-device", f"virtio-blk-pci,drive={name},serial={name}"]
        with open(self.stderr, "wb") as stderr:
            self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=stderr)
        try:
            self.wait("QEMU's sockets", lambda: all(
                (self.sockets / name).exists() for name in ("console", "control", "qmp", "gdb")), 20)
            self.qmp = Qmp(self.sockets / "qmp")
        except BaseException:
            self.close()
            raise

    def _socket(self, name, more=""):
        return "-chardev", f"socket,id={name},path={self.sockets / name},server=on,wait=off{more}"

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def fail(self, what):
        """The error to raise: what went wrong, and what the guest last said."""
        state = "QEMU is running" if self.process.poll() is None else \
            f"QEMU ended with status {self.process.returncode}: {self.stderr.read_text().strip()}"
        return LabError(f"{what}\n({state}; the console, of which this is the end: {self.console.path})\n"
                        f"{self.console.tail()}")

    def wait(self, what, condition, timeout):
        """Waits until condition() is true; an error that says what was waited for, when it does not."""
        deadline = time.monotonic() + timeout
        while not (value := condition()):
            if self.process.poll() is not None:
                raise self.fail(f"waited for {what}, and QEMU ended")
            if time.monotonic() > deadline:
                raise self.fail(f"waited {timeout} s for {what}")
            time.sleep(0.05)
        return value

    def wait_console(self, text, timeout, since=0):
        return self.wait(f"“{text}” on the console", lambda: text in self.console.text(since), timeout)

    def keyboard(self):
        return Keyboard(self.sockets / "console")

    def debug(self, *commands, timeout=180):
        """What gdb prints, which has the guest's CPUs stand while it carries out the commands."""
        words = ["set architecture i386:x86-64", f"target remote {self.sockets / 'gdb'}", *commands, "detach"]
        done = subprocess.run(["gdb", "-nx", "-q", "-batch", *(word for command in words for word in ("-ex", command))],
                              capture_output=True, text=True, check=True, timeout=timeout)
        return done.stdout

    def gdb(self):
        """Physical memory from outside; the guest stands still inside the `with`."""
        return GdbStub(self.sockets / "gdb")
