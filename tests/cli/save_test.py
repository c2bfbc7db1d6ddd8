# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump save: what it says in the end, and what it leaves when it is stopped."""
import json
import os
import random

import pytest

MEMORY = 16 << 20


@pytest.fixture
def memory(tmp_path):
    """Memory and nothing else; noise, that no codec makes smaller."""
    path = tmp_path / "memory"
    path.write_bytes(random.Random(1).randbytes(MEMORY))
    return str(path)


def facts(kdump, dump):
    return json.loads(kdump("info", "--json", dump).stdout)


@pytest.fixture
def incomplete(kdump, memory, tmp_path):
    path = str(tmp_path / "incomplete")
    result = kdump("save", "--raw-input", "--limit", "8M", memory, path)
    assert result.returncode == 1 and not facts(kdump, path)["complete"]
    return path


@pytest.mark.parametrize("form", ["kdump", "elf", "flat"])
def test_an_incomplete_source(kdump, incomplete, tmp_path, form):
    """What it lacks is lacking in what it becomes."""
    result = kdump("save", "-q", "--json", "-f", form, incomplete, str(tmp_path / "out"))
    told = json.loads(result.stdout)
    assert result.returncode == 1 and not told["complete"] and told["unreadable"] > 1000
    assert f"warning: {told['unreadable']} pages could not be read" in result.stderr
    assert not facts(kdump, str(tmp_path / "out"))["complete"]


def test_a_dry_run_completes_nothing(kdump, memory):
    assert "complete" not in json.loads(kdump("save", "-n", "--json", "--raw-input", memory).stdout)
