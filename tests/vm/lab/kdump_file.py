# SPDX-License-Identifier: GPL-2.0-or-later
"""Kdump-compressed dumps, read independently of kdump's own code: what is in them, page by page."""

import ctypes
import ctypes.util
import functools
import struct
import zlib

from . import LabError

PAGE_BYTES = 4096
ZLIB, LZO, SNAPPY, INCOMPLETE, ZSTD = 1, 2, 4, 8, 0x20


@functools.cache
def _library(name):
    path = ctypes.util.find_library(name)
    if not path:
        raise LabError(f"lib{name} is not installed")
    return ctypes.CDLL(path)


def _unlzo(data):
    out, size = ctypes.create_string_buffer(PAGE_BYTES), ctypes.c_size_t(PAGE_BYTES)
    if _library("lzo2").lzo1x_decompress_safe(data, ctypes.c_size_t(len(data)), out, ctypes.byref(size), None):
        raise LabError("bad LZO data")
    return out.raw[:size.value]


def _unsnap(data):
    out, size = ctypes.create_string_buffer(PAGE_BYTES), ctypes.c_size_t(PAGE_BYTES)
    if _library("snappy").snappy_uncompress(data, ctypes.c_size_t(len(data)), out, ctypes.byref(size)):
        raise LabError("bad snappy data")
    return out.raw[:size.value]


def _unzstd(data):
    library, out = _library("zstd"), ctypes.create_string_buffer(PAGE_BYTES)
    library.ZSTD_decompress.restype = ctypes.c_size_t
    got = library.ZSTD_decompress(out, ctypes.c_size_t(PAGE_BYTES), data, ctypes.c_size_t(len(data)))
    if got > PAGE_BYTES:
        raise LabError("bad zstd data")
    return out.raw[:got]


UNPACK = {0: bytes, ZLIB: zlib.decompress, LZO: _unlzo, SNAPPY: _unsnap, ZSTD: _unzstd}


class KdumpFile:
    """`bitmap`: the pages that it has, as one large integer, bit N for page N."""

    def __init__(self, path):
        self.file = open(path, "rb")
        header = self.file.read(464)
        if header[:8] != b"KDUMP   ":
            raise LabError(f"{path}: not kdump-compressed")
        self.version, = struct.unpack_from("<i", header, 8)
        self.status, block, sub_blocks, bitmap_blocks, max_pfn = struct.unpack_from("<IiiII", header, 424)
        self.file.seek(block)
        sub = self.file.read(104)
        self.level, = struct.unpack_from("<i", sub, 8)
        info_offset, info_bytes, notes_offset, notes_bytes = struct.unpack_from("<QQQQ", sub, 32)
        self.max_pfn = struct.unpack_from("<Q", sub, 96)[0] if self.version >= 6 else max_pfn
        half = bitmap_blocks * block // 2
        self.file.seek((1 + sub_blocks) * block)
        self.ram = int.from_bytes(self.file.read(half), "little")
        self.bits = self.file.read(half)
        self.bitmap = int.from_bytes(self.bits, "little")
        self.descs = self.file.tell()
        self.file.seek(info_offset)
        self.vmcoreinfo = self.file.read(info_bytes)
        self.file.seek(notes_offset)
        self.notes = self.file.read(notes_bytes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def pages(self):
        """(page number, its bytes) in order; None for a page that the dump lacks."""
        self.file.seek(self.descs)
        count = self.bitmap.bit_count() if hasattr(int, "bit_count") else bin(self.bitmap).count("1")
        descs = struct.iter_unpack("<QIIQ", self.file.read(24 * count))
        last = {}
        for byte, value in enumerate(self.bits):
            if not value:
                continue
            for bit in range(8):
                if value >> bit & 1:
                    offset, size, flags, _ = next(descs)
                    if not offset:
                        yield byte * 8 + bit, None
                        continue
                    if (offset, size) not in last:  # pages that share their data: the zero page
                        self.file.seek(offset)
                        last = {(offset, size): UNPACK[flags & 0x27](self.file.read(size))}
                    yield byte * 8 + bit, last[offset, size]


def without_page(source, out, pfn):
    """A copy of a dump, from which one page more is left out."""
    with KdumpFile(source) as dump:
        if not dump.bitmap >> pfn & 1:
            raise LabError(f"{source}: page {pfn:#x} is left out already")
        count, rank = bin(dump.bitmap).count("1"), bin(dump.bitmap & ((1 << pfn) - 1)).count("1")
        bits = dump.descs - len(dump.bits)
    content = bytearray(source.read_bytes())
    content[bits + pfn // 8] &= ~(1 << pfn % 8)
    first, end = dump.descs + 24 * rank, dump.descs + 24 * count
    content[first:end] = content[first + 24:end] + bytes(24)
    out.write_bytes(content)


def pfns(bitmap):
    """The page numbers of a bitmap (a large integer), for sets that are small."""
    while bitmap:
        low = bitmap & -bitmap
        yield low.bit_length() - 1
        bitmap ^= low
