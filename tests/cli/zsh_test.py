# SPDX-License-Identifier: GPL-2.0-or-later
"""The completion for zsh, in a zsh that has a terminal: what a tab makes of what was typed."""
import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

SOURCE = Path(os.environ["KD_SOURCE_ROOT"])
pytestmark = pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")

# ^T shows what the line holds, and empties it.
RC = """PS1= PS2= RPS1=; unsetopt prompt_cr prompt_sp beep; LISTMAX=1000
fpath=($COMPLETION $fpath); autoload -Uz compinit; compinit -u -d $ZDOTDIR/dump
show() { zle -I; print -r -- "<<$BUFFER>>"; BUFFER=; }
zle -N show; bindkey '^T' show; bindkey '^I' complete-word; print READY
"""


class Shell:
    def __init__(self, folder):
        (folder / ".zshrc").write_text(RC)
        self.terminal, inside = pty.openpty()
        path = f"{Path(os.environ['KDUMP']).parent}:{os.environ['PATH']}"
        self.process = subprocess.Popen(
            ["zsh", "-d", "-i"], stdin=inside, stdout=inside, stderr=inside, start_new_session=True, cwd=folder,
            env={"PATH": path, "ZDOTDIR": str(folder), "HOME": str(folder), "TERM": "dumb",
                 "COMPLETION": str(SOURCE / "completion")})
        os.close(inside)
        self.said = ""
        self.until("READY\r")

    def until(self, mark):
        """What came before the mark."""
        deadline = time.monotonic() + 30
        while mark not in self.said:
            ready, _, _ = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))
            assert ready, self.said
            self.said += os.read(self.terminal, 4096).decode("utf-8", "replace")
        before, _, self.said = self.said.partition(mark)
        return before

    def complete(self, typed):
        os.write(self.terminal, f"{typed}\t\x14".encode())
        return self.until(">>").rpartition("<<")[2]

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


@pytest.fixture
def shell(tmp_path):
    (tmp_path / "only-file").touch()
    (tmp_path / "only-folder").mkdir()
    (tmp_path / "only-folder" / "within").mkdir()
    made = Shell(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("typed, becomes", [
    ("kdump info --raw", "kdump info --raw-input "),
    ("kdump initramfs --capt", "kdump initramfs --capture-program="),
    ("kdump disa", "kdump disarm "),
    ("kdump setup --dr", "kdump setup --dry-run "),
    ("kdump setup --targ", "kdump setup --target="),
    ("kdump setup --remove --j", "kdump setup --remove --json "),
    ("kdump info only-fi", "kdump info only-file "),
    ("kdump initramfs --root only-", "kdump initramfs --root only-folder/"),
    ("kdump nothing-of-the-kind --dr", "kdump nothing-of-the-kind --dr"),
    ("kdump setup --no-such", "kdump setup --no-such"),
])
def test_a_tab(shell, typed, becomes):
    assert shell.complete(typed) == becomes
