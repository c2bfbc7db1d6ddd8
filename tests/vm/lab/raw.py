# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes a crash off a raw device, by docs/raw-target.md and not by kdump's own code."""

import hashlib
import struct

from . import LabError
from .image import copy_sparse

HEADER = struct.Struct("<8sIIQ72sII")
PART = struct.Struct("<32sQQII")
PARTS = 8
ENDED = 2


def extract(device, folder):
    """Writes each part that is whole to the folder, as a file of the part's name."""
    with open(device, "rb") as disk:
        header = disk.read(HEADER.size + PARTS * PART.size + hashlib.sha256().digest_size)
        body, digest = header[:-32], header[-32:]
        magic, _, state, _, _, count, _ = HEADER.unpack_from(header)
        if magic != b"KDUMPRAW" or hashlib.sha256(body).digest() != digest:
            raise LabError(f"{device}: no crash on it")
        if state != ENDED or count > PARTS:
            raise LabError(f"{device}: the crash on it was not written to its end")
        folder.mkdir(parents=True)
        for index in range(count):
            name, offset, size_bytes, whole, _ = PART.unpack_from(header, HEADER.size + index * PART.size)
            if whole:
                disk.seek(offset)
                copy_sparse(disk, folder / name.rstrip(b"\0").decode("ascii"), size_bytes)
    return folder
