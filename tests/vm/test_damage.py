# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps with damage of every kind: each command gives what it can or says what is wrong, soon, and never dies."""

import random
import subprocess

import pytest

from lab import dumps, oracles, program

COMMANDS = [("report", "--json"), ("bt", "-A", "--guess"), ("ps", "--json"), ("mods",), ("regs",), ("sym",), ("log",), ("info",),
            ("net",), ("irqs",), ("timers", "--json"), ("slab",), ("mounts",), ("locks",), ("files", "-p", "1"), ("cmdline",)]
PAGE = 4096


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A filtered ELF core, and where in it the kernel's image is: [(offset, bytes)]."""
    path = tmp_path_factory.mktemp("damage") / "core"
    subprocess.run([program.kdump_command(), "save", "--quiet", "-f", "elf", dumps.get("crowd").vmcore, path], check=True)
    content = path.read_bytes()
    image = [(int.from_bytes(content[at + 8:at + 16], "little"), size)
             for at, (_, vaddr, size, _) in zip(range(64 + 56, 1 << 30, 56), oracles.readelf_loads(path))
             if vaddr >> 31 == 0x1ffffffff]
    assert sum(size for _, size in image) > 20 << 20
    return content, image


def places(image, chance, count):
    """Offsets in the image, all bytes of it alike."""
    weights = [size for _, size in image]
    for offset, size in chance.choices(image, weights, k=count):
        yield offset + chance.randrange(size)


def flip_bytes(content, image, chance):
    for at in places(image, chance, chance.choice([100, 10000, 200000])):
        content[at] = chance.randrange(256)
    return content


def flip_bits(content, image, chance):
    for at in places(image, chance, chance.choice([100, 10000, 200000])):
        content[at] ^= 1 << chance.randrange(8)
    return content


def clear_pages(content, image, chance):
    for at in places(image, chance, chance.choice([10, 100, 1000])):
        at -= at % PAGE
        content[at:at + PAGE] = bytes(min(PAGE, len(content) - at))
    return content


def flip_anywhere(content, _, chance):
    for _ in range(20000):
        content[chance.randrange(1 << 15, len(content))] = chance.randrange(256)
    return content


def cut_off(content, _, chance):
    return content[:chance.randrange(len(content) // 8, len(content))]


@pytest.mark.parametrize("damage", [flip_bytes, flip_bits, clear_pages, flip_anywhere, cut_off])
@pytest.mark.parametrize("seed", range(3))
def test_commands_survive(small, damage, seed, tmp_path):
    content, image = small
    path = tmp_path / "core"
    path.write_bytes(damage(bytearray(content), image, random.Random(seed)))
    for name, *options in COMMANDS:
        done = subprocess.run([program.kdump_command(), name, *options, path], capture_output=True, timeout=60, check=False)
        assert done.returncode in (0, 1), (name, done.returncode)
        if done.returncode:
            assert done.stderr.startswith(b"kdump: "), name
    path.unlink()
