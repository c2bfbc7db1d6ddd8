# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest physical memory, read and written from outside through QEMU's gdb stub.

Packets: the GDB remote serial protocol; Qqemu.PhyMemMode is QEMU's own (docs/system/gdb.rst).
Connecting stops the guest, detaching lets it run again.
"""

import socket

from . import LabError

CHUNK_BYTES = 1024  # the stub's packets hold 4096 characters


class GdbStub:
    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.buffer = b""
        if (reply := self._ask("Qqemu.PhyMemMode:1")) != "OK":
            raise LabError(f"this QEMU's gdb stub has no physical memory mode: {reply!r}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._ask("Qqemu.PhyMemMode:0")
            self._ask("D")
        finally:
            self.socket.close()

    def _byte(self):
        if not self.buffer:
            self.buffer = self.socket.recv(1 << 16)
            if not self.buffer:
                raise LabError("QEMU closed its gdb connection")
        byte, self.buffer = self.buffer[:1], self.buffer[1:]
        return byte

    def _ask(self, packet):
        body = packet.encode("ascii")
        self.socket.sendall(b"$%s#%02x" % (body, sum(body) & 255))
        # The guest's having stopped is announced whenever that happens: no answer to us.
        while (reply := self._packet()).startswith(("T", "S")):
            pass
        return reply

    def _packet(self):
        while self._byte() != b"$":
            pass  # acknowledgements
        reply = b""
        while (byte := self._byte()) != b"#":
            reply += byte
        self._byte()
        self._byte()
        self.socket.sendall(b"+")
        return reply.decode("ascii")

    def read(self, paddr, size_bytes):
        data = b""
        while len(data) < size_bytes:
            length = min(CHUNK_BYTES, size_bytes - len(data))
            reply = self._ask(f"m{paddr + len(data):x},{length:x}")
            if len(reply) != 2 * length:
                raise LabError(f"cannot read {length} bytes at {paddr + len(data):#x}: {reply}")
            data += bytes.fromhex(reply)
        return data

    def write(self, paddr, data):
        for start in range(0, len(data), CHUNK_BYTES):
            part = data[start:start + CHUNK_BYTES]
            reply = self._ask(f"M{paddr + start:x},{len(part):x}:{part.hex()}")
            if reply != "OK":
                raise LabError(f"cannot write {len(part)} bytes at {paddr + start:#x}: {reply}")
