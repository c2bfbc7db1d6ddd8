# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that look at a dump, on the core of a made-up kernel, some of whose names and types no kernel has."""
import json
import os
import subprocess

import pytest


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "core"
    subprocess.run([os.environ["MADE_CORE"], path], check=True)
    return str(path)


@pytest.fixture
def told(kdump):
    def run(*arguments):
        result = kdump(*arguments)
        assert (result.returncode, result.stdout[-1:]) == (0, "\n"), result.stderr
        return json.loads(result.stdout) if "--json" in arguments else result.stdout
    return run


def test_every_symbol_is_told(told, core):
    """In JSON, too, those with bytes that are no UTF-8."""
    assert len(told("sym", "--json", core)) == 14


def test_members_whose_names_are_no_text(told, core):
    members = told("type", "--json", core, "thing")["members"]
    assert [member["name"] for member in members][:4] == ["number", "shade", "callback", "text"] and len(members) == 5
