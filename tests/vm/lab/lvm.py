# SPDX-License-Identifier: GPL-2.0-or-later
"""A physical volume of LVM with one logical volume, written byte by byte: pvcreate wants a block device, and root.

The label and the header of the physical volume lie in its sector 1, the metadata from 4 KiB on, the data from 1 MiB on:
lib/label/label.h and lib/format_text/layout.h of LVM2. `pvck --dump metadata FILE` reads them back.
"""

import struct
import uuid
import zlib

SECTOR = 512
METADATA_START, DATA_START = 4096, 1 << 20
EXTENT_BYTES = 4 << 20


def _crc(data):
    """The usual polynomial with a start of its own, and not inverted: lib/misc/crc.c, INITIAL_CRC."""
    return zlib.crc32(data, 0xf597a6cf ^ 0xffffffff) ^ 0xffffffff


def _identity(name):
    """(as on disk, as in the metadata); the same each time, so that a header is."""
    plain = uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.lab.invalid").hex
    ends = (0, 6, 10, 14, 18, 22, 26, 32)
    return plain, "-".join(plain[start:end] for start, end in zip(ends, ends[1:]))


def extents(volume_bytes):
    """How many whole extents a physical volume of that size has."""
    return (volume_bytes - DATA_START) // EXTENT_BYTES


def _metadata(group, logical, volume_bytes, physical_identity):
    count = extents(volume_bytes)
    return f"""{group} {{
id = "{_identity(group)[1]}"
seqno = 1
format = "lvm2"
status = ["RESIZEABLE", "READ", "WRITE"]
flags = []
extent_size = {EXTENT_BYTES // SECTOR}
max_lv = 0
max_pv = 0
metadata_copies = 0
physical_volumes {{
pv0 {{
id = "{physical_identity}"
device = "/dev/vda1"
status = ["ALLOCATABLE"]
flags = []
dev_size = {volume_bytes // SECTOR}
pe_start = {DATA_START // SECTOR}
pe_count = {count}
}}
}}
logical_volumes {{
{logical} {{
id = "{_identity(logical)[1]}"
status = ["READ", "WRITE", "VISIBLE"]
flags = []
segment_count = 1
segment1 {{
start_extent = 0
extent_count = {count}
type = "striped"
stripe_count = 1
stripes = ["pv0", 0]
}}
}}
}}
}}
contents = "Text Format Volume Group"
version = 1
description = ""
creation_host = "lab"
creation_time = 1
""".encode() + b"\0"


def header(group, logical, volume_bytes):
    """The first MiB of a physical volume whose logical volume takes all that follows."""
    on_disk, in_text = _identity("pv0")
    text = _metadata(group, logical, volume_bytes, in_text)
    area_bytes = DATA_START - METADATA_START
    # Areas of data, of metadata, then an extension (version 2, "in use") and its areas: each list ends with zeros.
    areas = struct.pack("<8Q", DATA_START, 0, 0, 0, METADATA_START, area_bytes, 0, 0) + struct.pack("<II2Q", 2, 1, 0, 0)
    volume = on_disk.encode() + struct.pack("<Q", volume_bytes) + areas
    # What the checksum covers: from the offset of the volume's header on.
    label = (struct.pack("<I8s", 32, b"LVM2 001") + volume).ljust(SECTOR - 20, b"\0")
    label = b"LABELONE" + struct.pack("<QI", 1, _crc(label)) + label
    # The text lies right behind its header of one sector.
    area = struct.pack("<16sIQQ", b" LVM2 x[5A%r0N*>", 1, METADATA_START, area_bytes) + \
        struct.pack("<QQII", SECTOR, len(text), _crc(text), 0)
    area = area.ljust(SECTOR - 4, b"\0")
    area = struct.pack("<I", _crc(area)) + area
    head = bytes(SECTOR) + label
    return (head.ljust(METADATA_START, b"\0") + area + text).ljust(DATA_START, b"\0")
