# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command has the same options in --help, in its man page and in the completion."""
import os
import re
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(os.environ["KD_SOURCE_ROOT"])
COMPLETION = SOURCE / "completion" / "kdump.bash"
HELP = {"-h", "--help"}  # every command has them, so nobody need list them
OPTION = re.compile(r"(?<![\w-])(--?[A-Za-z][\w-]*)")
# a page that tells of two commands, as man/meson.build links them
PAGE_OF = {"unload": "load", "disarm": "arm"}
# commands that kdump(1) itself tells of
NO_PAGE = {"version"}


def run(*arguments):
    return subprocess.run([os.environ["KDUMP"], *arguments], text=True, timeout=60,
                          capture_output=True, check=True).stdout


def commands():
    return re.findall(r"^  (\w[\w-]*) +\S", run("--help"), re.M)


def help_options(command):
    """The left column: two spaces or more, options, two spaces, what they do."""
    found = set()
    for line in run(command, "--help").splitlines():
        if re.match(r" {2,}-", line):
            found |= set(OPTION.findall(re.split(r"(?<=\S) {2,}", line.strip())[0]))
    return found - HELP


def page_of(command):
    return SOURCE / "man" / f"kdump-{PAGE_OF.get(command, command)}.1"


def page_options(command):
    """The options that have a paragraph: `.It Fl d , Fl -debug`, `.It Fl o , -output Ar FILE`."""
    found = set()
    for line in page_of(command).read_text().splitlines():
        macro = None
        for word in line.split()[1:] if line.startswith(".It Fl") else []:
            if re.fullmatch("[A-Z][a-z]", word):
                macro = word
            elif macro == "Fl" and re.match(r"[A-Za-z-]", word):
                found.add("-" + word)
    return found - HELP


def completion_tables():
    script = """source "$1"
        for name in "${!_kdump_commands[@]}"; do echo "$name" ${_kdump_commands[$name]}; done"""
    lines = subprocess.run(["bash", "-c", script, "bash", str(COMPLETION)], text=True, check=True,
                           capture_output=True).stdout.splitlines()
    return {words[0]: set(words[1:]) for words in map(str.split, lines)}


def complete(*words):
    """What a person is offered after these words, the last one being typed."""
    script = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kdump
        printf '%s\\n' "${COMPREPLY[@]}\""""
    return set(subprocess.run(["bash", "-c", script, "bash", str(COMPLETION), *words], text=True,
                              check=True, capture_output=True).stdout.split())


def test_there_are_commands():
    assert {"load", "unload", "arm", "disarm", "status"} <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_help_and_page_agree(command):
    if command not in NO_PAGE:
        if command in PAGE_OF:  # has none of its own, and its page is another's
            assert help_options(command) == set()
        else:
            assert page_options(command) == help_options(command)


@pytest.mark.parametrize("command", commands())
def test_help_and_completion_agree(command):
    offered = {word for word in completion_tables()[command] if not word.startswith("<")}
    assert offered == help_options(command)


def test_completion_knows_no_other_commands():
    assert set(completion_tables()) == set(commands())


@pytest.mark.parametrize("command", commands())
def test_main_page_lists_the_command(command):
    assert f".It Cm {command}\n" in (SOURCE / "man" / "kdump.1").read_text()


def test_help_fits_a_terminal():
    for command in commands():
        for line in run(command, "--help").splitlines():
            assert len(line) <= 88, (command, line)


@pytest.mark.parametrize("words, offered", [
    (("kdump", "dis"), {"disarm"}),
    (("kdump", "load", "--meth"), {"--method"}),
    (("kdump", "load", "--method", ""), {"auto", "file", "segments"}),
    (("kdump", "load", "--method", "=", "s"), {"segments"}),
    (("kdump", "status", "--j"), {"--json"}),
    (("kdump", "arm", "--method", ""), set()),
])
def test_completion(words, offered):
    assert complete(*words) == offered


@pytest.mark.parametrize("arguments, why", [
    *(((command, "--nothing"), "--nothing: (no such option|not understood)") for command in commands() if command != "version"),
    (("ps", "-q", "dump"), "-q: no such option"), (("bt", "-aqA", "dump"), "-q: no such option"),
    (("files", "dump", "-p"), "-p: needs a value"), (("files", "--pid"), "--pid: needs a value"),
    (("ps", "--json=3", "dump"), "--json=3: takes no value")])
def test_what_is_wrong_with_an_option(arguments, why):
    """It is named, once, and in the words of the command itself."""
    done = subprocess.run([os.environ["KDUMP"], *arguments], text=True, timeout=60, capture_output=True, check=False)
    said, usage, *more = done.stderr.splitlines()
    assert done.returncode == 2 and re.fullmatch(f"kdump {arguments[0]}: {why}", said) and usage.startswith("usage: ") and not done.stdout
    assert not more or not any("option" in line for line in more)
