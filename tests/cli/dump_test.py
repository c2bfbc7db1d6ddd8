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
    lines = told("sym", core).splitlines()
    symbols = told("sym", "--json", core)
    assert len(symbols) == len(lines) == 14
    assert [f"{int(one['address'], 16):016x} {one['type']} {one['name']}" for one in symbols] == lines


def test_members_whose_names_are_no_text(told, core):
    members = told("type", "--json", core, "thing")["members"]
    assert [member["name"] for member in members] == ["number", "shade", "callback", "text", "??[7m"]


@pytest.mark.parametrize("arguments", [("sym",), ("type", "thing"), ("type", "thing", "object"), ("mem", "--symbols", "object")])
def test_nothing_but_text_reaches_a_terminal(told, core, arguments):
    text = told(arguments[0], *(word for word in arguments[1:] if word[0] == "-"), core,
                *(word for word in arguments[1:] if word[0] != "-"))
    assert all(character == "\n" or character.isprintable() for character in text)
