"""Repositories that rows come from, read at the commit that `sources.toml` names; nothing of them is kept here."""

from __future__ import annotations

import hashlib
import pathlib
import subprocess
import tomllib
from dataclasses import dataclass


@dataclass
class Row:
    """A text with the labels that it has; `group` keeps forms of one question together."""

    text: str
    source: str
    licence: str
    domain: str | None = None
    intent: str | None = None
    group: str = ""


class Clone:
    """One repository at its commit, read only; `digest` is over the bytes of all files read, in order."""

    def __init__(self, name: str, entry: dict, clones: pathlib.Path):
        owner, project = entry["url"].rstrip("/").split("/")[-2:]
        folder = clones / f"{owner}+{project}" / "repo"
        self.name, self.entry, self.folder, self.digest, self.files = name, entry, folder, hashlib.sha256(), 0
        self.at = entry["commit"]

    def git(self, *order: str) -> bytes:
        """What git prints."""
        return subprocess.run(["git", "-C", str(self.folder), *order], capture_output=True, check=False).stdout

    def here(self) -> bool:
        """Whether the commit can be read."""
        return self.folder.is_dir() and self.git("cat-file", "-t", self.at).strip() == b"commit"

    def paths(self, under: str, end: str = "") -> list[str]:
        """Paths below a folder, sorted."""
        names = self.git("-c", "core.quotepath=off", "ls-tree", "-r", "--name-only", self.at, under).decode().splitlines()
        return sorted(name for name in names if name.endswith(end))

    def read(self, path: str) -> bytes:
        """A file's bytes."""
        data = self.git("show", f"{self.at}:{path}")
        self.digest.update(data)
        self.files += 1
        return data

    def row(self, text: str, domain: str | None = None, intent: str | None = None, group: str = "") -> Row:
        """A row of this source."""
        return Row(text.strip(), self.name, self.entry["licence"], domain, intent, group or hashlib.sha1(text.encode()).hexdigest())


def manifest(path: pathlib.Path) -> dict[str, dict]:
    """The sources, by name."""
    return tomllib.loads(path.read_text())
