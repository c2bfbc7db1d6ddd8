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


@pytest.mark.parametrize("arguments", [("bomb", "object"), ("--json", "bomb", "object")])
def test_a_type_that_holds_itself_has_an_end(kdump, core, arguments):
    result = kdump("type", core, *arguments)
    assert result.returncode == 1 and "not shown: too deep" in result.stderr and 10000 < len(result.stdout) < 1 << 24


@pytest.mark.parametrize("arguments", [("small",), ("small", "object")])
def test_a_member_larger_than_its_struct(kdump, core, arguments):
    result = kdump("type", core, *arguments)
    assert result.returncode == 1 and "… larger than what it is in" in result.stdout and result.stdout.count("\n") < 5
    assert kdump("type", "--json", core, *arguments).returncode == 1


@pytest.mark.parametrize("arguments,text", [
    (("shade",), "enum shade { /* 4 bytes */\n    DARK = 1,\n    LIGHT = 2,\n}\n"),
    (("enum shade", "object+4"), "(enum shade) LIGHT (2)\n"),
    (("number_t",), "int number_t; /* 4 bytes */\n"),
    (("number_t", "object"), "(int) -5\n"),
    (("thing.text",), "char text[16]; /* 16 bytes */\n"),
    (("thing.callback", "object"), "(void *) 0xffffffff81000100 <callback>\n")])
def test_types_of_one_line(told, core, arguments, text):
    assert told("type", core, *arguments) == text


def test_values_in_json(told, core):
    members = {member["name"]: member for member in told("type", "--json", core, "thing", "object")["members"]}
    assert (members["number"]["value"], members["text"]["value"]) == (-5, 'a "text"')
    assert (members["shade"]["value"], members["shade"]["enumerator"]) == (2, "LIGHT")
    assert (members["callback"]["value"], members["callback"]["symbol"]) == ("0xffffffff81000100", "callback")
    assert members["??[7m"]["symbol"] == "callback+0x4"
    assert told("type", "--json", core, "shade")["enumerators"] == {"DARK": 1, "LIGHT": 2}


def test_a_place_is_a_symbol_first(kdump, told, core):
    """"add" is a hexadecimal number, too; 16 digits are an address."""
    assert told("mem", "-n", "8", core, "add").startswith("ffffffff81000060 ")
    assert told("mem", "-n", "8", core, "add+8").startswith("ffffffff81000068 ")
    assert told("mem", "-n", "8", core, "ffffffff81000068").startswith("ffffffff81000068 ")
    assert told("mem", "-n", "8", core, "0xffffffff81000068").startswith("ffffffff81000068 ")
    assert "0xadd: not mapped" in kdump("mem", core, "0xadd").stderr
    assert "0xfab: not mapped" in kdump("mem", core, "fab").stderr
    assert "neither a symbol" in kdump("mem", core, "nothing").stderr


@pytest.mark.parametrize("option,word", [("-n", "-1"), ("-n", " 8"), ("-n", "8x"), ("--task", "+1"), ("--task", "2147483648")])
def test_numbers_that_are_none(kdump, core, option, word):
    assert kdump("mem", option, word, core, "0").returncode == 2


def test_what_a_kernel_was_started_and_built_with(told, core):
    assert told("cmdline", core) == 'quiet panic=5 x="a b"\n'
    assert told("cmdline", "--json", core)["parameters"] == ["quiet", "panic=5", 'x="a b"']
    assert told("config", core) == '# a comment\nCONFIG_A=y\nCONFIG_B="b b"\n# CONFIG_C is not set\n'
    assert told("config", "--json", core) == {"CONFIG_A": "y", "CONFIG_B": '"b b"', "CONFIG_C": None}


@pytest.mark.parametrize("command", ["symfile", "report"])
def test_what_is_no_file_is_not_replaced(kdump, core, tmp_path, command):
    """A pipe, or a device such as /dev/stdout, is written to and stays what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        done = kdump(command, "-o", pipe, core)
        written = reader.communicate(timeout=30)[0]
    assert done.returncode == 0, done.stderr
    assert pipe.is_fifo() and [path.name for path in tmp_path.iterdir()] == ["pipe"]
    assert kdump(command, "-o", tmp_path / "file", core).returncode == 0
    assert written == (tmp_path / "file").read_bytes() and len(written) > 100


def test_who_cannot_write_is_told_of_the_name_he_gave(kdump, core):
    done = kdump("symfile", "-o", "/nowhere/x", core)
    assert done.returncode == 1 and "kdump: /nowhere/x: No such file or directory\n" in done.stderr
