# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's package archive, asked through a private apt configuration.

The host's own configuration is neither used nor touched: the lists live in the cache folder, so
that no root is needed, so that bookworm-backports can be asked without adding it to the host, and
so that a host whose lists were removed (containers) works. Only the mirrors are the host's own.
"""

import os
import re
import subprocess
import time

from . import LabError, cache

SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LISTS_ARE_FRESH_SECONDS = 24 * 3600
DEFAULT_MIRROR = "http://deb.debian.org/debian"


def _host_mirrors():
    """(main, security, debug) as this host's apt has them."""
    main, security = DEFAULT_MIRROR, DEFAULT_MIRROR + "-security"
    try:
        targets = subprocess.run(
            ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI) $(RELEASE)"],
            capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise LabError(f"the kernels come from Debian's archive, and apt-get does not work: {error}") from error
    for line in targets.splitlines():
        uri, _, release = line.partition(" ")
        if release == SUITE:
            main = uri.rstrip("/")
        elif release == f"{SUITE}-security":
            security = uri.rstrip("/")
    return main, security


class Archive:
    """apt-get and apt-cache over lists of our own."""

    def __init__(self):
        self.root = cache.folder() / "apt"
        for name in ("lists/partial", "archives/partial", "empty"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        main, security = _host_mirrors()
        signed = f"deb [arch=amd64 signed-by={KEYRING}]"
        self.sources = "".join(
            f"{signed} {uri} {suite} main\n"
            for uri, suite in ((main, SUITE), (main, f"{SUITE}-updates"),
                               (security, f"{SUITE}-security"), (main, f"{SUITE}-backports")))
        options = {
            "Dir::Etc::sourcelist": self.root / "sources.list",
            "Dir::Etc::sourceparts": self.root / "empty",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": self.root / "empty",
            "Dir::State::Lists": self.root / "lists",
            "Dir::State::status": self.root / "status",
            "Dir::Cache": self.root,
            "Dir::Cache::archives": self.root / "archives",
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        self.options = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]

    def _query(self, *arguments):
        done = subprocess.run(["apt-cache", *self.options, *map(str, arguments)],
                              capture_output=True, text=True, check=False)
        return done.stdout

    def refresh(self):
        """Brings the lists up to date, once a day; without a network, older lists will do."""
        stamp = self.root / "refreshed"
        same_sources = (self.root / "sources.list").exists() and \
            (self.root / "sources.list").read_text(encoding="ascii") == self.sources
        if same_sources and cache.age_seconds(stamp, time.time()) < LISTS_ARE_FRESH_SECONDS:
            return
        with cache.lock("apt"):
            if same_sources and cache.age_seconds(stamp, time.time()) < LISTS_ARE_FRESH_SECONDS:
                return
            (self.root / "sources.list").write_text(self.sources, encoding="ascii")
            (self.root / "status").touch()
            cache.say(f"reading the package lists of {SUITE} and {SUITE}-backports")
            done = subprocess.run(["apt-get", *self.options, "update", "-q"], stdout=2,
                                  stdin=subprocess.DEVNULL, check=False)
            if done.returncode == 0:
                stamp.touch()
            elif stamp.exists():
                cache.say("no new package lists; going on with the old ones")
            else:
                raise LabError("apt-get update failed (its messages are above): is there a network?")

    def fields(self, package, suite=SUITE):
        """The candidate's control fields in that suite, as a dictionary."""
        self.refresh()
        # Without a default release, apt takes the newest of the suite, its updates and security;
        # backports are never automatic and have to be asked for.
        release = () if suite == SUITE else ("-o", f"APT::Default-Release={suite}")
        text = self._query(*release, "show", "--no-all-versions", package)
        fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", text, re.MULTILINE))
        if "Version" not in fields:
            raise LabError(f"{package}: no such package in {suite}")
        return fields

    def download(self, package, version, place):
        """Downloads one package as the file `place`."""
        size = int(self._version_fields(package, version).get("Size", 0))
        cache.say(f"downloading {package} {version} ({size / 1e6:.0f} MB)")
        work = place.parent / "download"
        work.mkdir()
        done = subprocess.run(["apt-get", *self.options, "download", f"{package}={version}"],
                              cwd=work, stdin=subprocess.DEVNULL, stdout=2, check=False)
        files = list(work.glob("*.deb"))
        if done.returncode != 0 or len(files) != 1:
            raise LabError(f"{package} {version}: apt-get download failed (its messages are above)")
        os.rename(files[0], place)

    def _version_fields(self, package, version):
        text = self._query("show", f"{package}={version}")
        return dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", text, re.MULTILINE))
