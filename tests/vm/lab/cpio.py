# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a cpio archive that the kernel takes as an initramfs.

Format: Documentation/driver-api/early-userspace/buffer-format.rst, the "newc" kind.
"""

import stat

FOLDER = stat.S_IFDIR | 0o755
FILE = stat.S_IFREG | 0o755
LINK = stat.S_IFLNK | 0o777
DEVICE = stat.S_IFCHR | 0o600


def _pad(data):
    return data + bytes(-len(data) % 4)


def _record(number, name, mode, data, device):
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _pad(header + name.encode() + b"\0") + _pad(data)


def archive(entries):
    """The archive of (name, mode, bytes) triples, folders before what is in them."""
    records = [_record(0, "dev", FOLDER, b"", (0, 0)),
               _record(1, "dev/console", DEVICE, b"", (5, 1))]
    for name, mode, data in entries:
        records.append(_record(len(records), name.strip("/"), mode, data, (0, 0)))
    records.append(_record(0, "TRAILER!!!", 0, b"", (0, 0)))
    return b"".join(records)
