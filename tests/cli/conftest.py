# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the built kdump: `kdump("status", "--json")`."""
import os
import subprocess

import pytest


@pytest.fixture
def kdump():
    def run(*arguments, **more):
        return subprocess.run([os.environ["KDUMP"], *arguments], text=True, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False, **more)
    return run
