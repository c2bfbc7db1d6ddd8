# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes the vmlinux out of a bzImage.

The x86 boot protocol (Documentation/x86/boot.rst, 2.08) says where the compressed kernel lies:
payload_offset and payload_length, from the start of the protected-mode code. How it is compressed
is told by its first bytes. The build appends the size of the unpacked kernel, four bytes that
belong to no format except gzip's own trailer (scripts/Makefile.lib, size_append).
"""

import lzma
import struct
import subprocess
import zlib

from . import LabError

SETUP_SECTS, MAGIC, VERSION = 0x1F1, 0x202, 0x206
PAYLOAD_OFFSET, PAYLOAD_LENGTH = 0x248, 0x24C


def _pipe(*command):
    def decompress(payload):
        done = subprocess.run(command, input=payload, capture_output=True, check=False)
        # The appended size is garbage at the end for these programs; the caller checks the length.
        return done.stdout
    return decompress


def _lzma(payload):
    return lzma.LZMADecompressor().decompress(payload)


DECOMPRESSORS = (
    (b"\x1f\x8b\x08", lambda payload: zlib.decompressobj(31).decompress(payload)),
    (b"\xfd7zXZ\x00", _lzma),
    (b"\x5d\x00\x00", _lzma),
    (b"BZh", _pipe("bzip2", "-dc")),
    (b"\x28\xb5\x2f\xfd", _pipe("zstd", "-dcq")),
    (b"\x02\x21\x4c\x18", _pipe("lz4", "-dcq")),
    (b"\x89LZO", _pipe("lzop", "-dc")),
)


def payload(image):
    if len(image) < 0x260 or image[MAGIC:MAGIC + 4] != b"HdrS":
        raise LabError("not a bzImage: no setup header")
    version, = struct.unpack_from("<H", image, VERSION)
    if version < 0x208:
        raise LabError(f"boot protocol {version >> 8}.{version & 255:02}: too old to find the kernel in")
    sectors = image[SETUP_SECTS] or 4
    offset, length = struct.unpack_from("<II", image, PAYLOAD_OFFSET)
    start = (sectors + 1) * 512 + offset
    if length < 8 or start + length > len(image):
        raise LabError("truncated bzImage: its payload ends after the file")
    return image[start:start + length]


def extract(image):
    """The vmlinux of a bzImage, both as bytes."""
    packed = payload(image)
    for magic, decompress in DECOMPRESSORS:
        if packed.startswith(magic):
            break
    else:
        raise LabError(f"a payload of unknown compression: {packed[:6].hex()}")
    kernel = decompress(packed)
    expected, = struct.unpack_from("<I", packed, len(packed) - 4)
    if not kernel.startswith(b"\x7fELF") or len(kernel) != expected:
        raise LabError(f"the payload gave {len(kernel)} bytes instead of {expected}, or no ELF file")
    return kernel
