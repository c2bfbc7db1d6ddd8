# SPDX-License-Identifier: GPL-2.0-or-later
"""What the VM tests share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lab import kernels  # noqa: E402
from lab.debian import DebianMachine  # noqa: E402
from lab.machine import Machine  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: only with script/test --all")


# Side by side, files are handed out whole and in this order: quick ones come last, so that nobody waits long for the
# last one.
QUICK_FILES = ("test_formats", "test_targets", "test_fallbacks", "test_report", "test_struct_pages", "test_lab")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: QUICK_FILES.index(item.path.stem) if item.path.stem in QUICK_FILES else -1)


@pytest.fixture
def crash_machine(tmp_path):
    """A function that makes a Machine: crash_machine("6.1-cloud", target="ext4", …)."""
    machines = []

    def make(kernel="6.1-cloud", **options):
        machines.append(Machine(kernels.get(kernel), tmp_path / f"machine{len(machines)}", **options))
        return machines[-1]
    yield make
    for machine in machines:
        machine.close()
        machine.discard()


@pytest.fixture
def debian_machine(tmp_path):
    """A function that makes a DebianMachine and boots it."""
    machines = []

    def make(**options):
        machines.append(DebianMachine(tmp_path / f"debian{len(machines)}", **options))
        return machines[-1].boot()
    yield make
    for machine in machines:
        machine.close()
        machine.discard()
