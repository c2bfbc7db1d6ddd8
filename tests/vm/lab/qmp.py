# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's machine protocol (docs/interop/qmp-spec.txt): JSON lines over a socket."""

import json
import re
import socket
import time

from . import LabError


class Qmp:
    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.buffer = b""
        self.events = []
        self._message(timeout)  # the greeting
        self.execute("qmp_capabilities")

    def close(self):
        self.socket.close()

    def _message(self, timeout):
        """The next message, or None when none comes in time."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(1 << 16)
            except TimeoutError:
                return None
            if not data:
                raise EOFError("QEMU closed its QMP connection")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return json.loads(line)

    def execute(self, command, timeout=120, **arguments):
        # QMP spells its arguments with dashes.
        arguments = {key.replace("_", "-"): value for key, value in arguments.items()}
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            message = self._message(timeout)
            if message is None:
                raise LabError(f"QMP {command}: no answer in {timeout} s")
            if "error" in message:
                raise LabError(f"QMP {command}: {message['error']['desc']}")
            if "return" in message:
                return message["return"]
            self.events.append(message)

    def wait_event(self, names, timeout):
        """The next event of one of those names, earlier unseen ones included; None: none in time."""
        deadline = time.monotonic() + timeout
        while True:
            for event in self.events:
                if event["event"] in names:
                    self.events.remove(event)
                    return event
            message = self._message(max(0.0, deadline - time.monotonic()))
            if message is None:
                return None
            self.events.append(message)

    def stop(self):
        self.execute("stop")

    def cont(self):
        self.execute("cont")

    def monitor(self, line):
        """A command of the human monitor, and what it printed."""
        return self.execute("human-monitor-command", command_line=line)

    def save_physical(self, paddr, size_bytes, path):
        """Guest physical memory as the file `path`: ground truth. Stop the guest for a consistent view."""
        self.execute("pmemsave", val=paddr, size=size_bytes, filename=str(path))

    def dump_guest_memory(self, path, timeout=300, paging=False):
        """QEMU's own ELF dump of the guest; with paging, by virtual addresses of the first CPU."""
        self.execute("dump-guest-memory", timeout=timeout, paging=paging, protocol=f"file:{path}")

    def registers(self):
        """One dictionary of registers for each CPU, names as QEMU prints them (RAX, RIP, CR3…)."""
        text = self.monitor("info registers -a").replace("\r", "")
        per_cpu = re.split(r"^CPU#\d+$", text, flags=re.MULTILINE)[1:]
        return [{name: int(value, 16) for name, value in re.findall(r"\b(R[A-Z0-9]{1,2}|[CD]R\d|EFER) ?=([0-9a-f]{8,16})\b", cpu)}
                for cpu in per_cpu]
