"""Run what a page of documentation shows: files, commands and their output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./]+\.\w+)`:?\s*\Z")


@dataclass(frozen=True, slots=True)
class Session:
    """A project folder and the server that its commands use."""

    folder: Path
    server_folder: Path

    def run_page(self, text: str) -> int:
        """Follow a page from top to bottom; return how many blocks that were."""
        followed = 0
        position = 0
        for fence in _FENCE.finditer(text):
            language, content = fence.groups()
            before = text[position : fence.start()].rstrip().removesuffix(":")
            named = _FILE.search(before + "\n")
            position = fence.end()
            if language == "console":
                self.run_console(content)
            elif named is not None:
                self.place(named.group(1), content)
            else:
                continue
            followed += 1
        return followed

    def place(self, path: str, content: str) -> None:
        """Write a file of the author's, or compare an excerpt of a generated one."""
        file = self.folder / path
        if file.exists():
            assert_excerpt(content, file.read_text())
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def run_console(self, content: str) -> None:
        """Run each command after a `$` and compare what it prints."""
        for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            output = self.run(command)
            assert_matches(expected, output)

    def run(self, command: str) -> str:
        """Return what a command prints on both of its streams."""
        result = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return result.stdout

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name != "DATABASE_URL" and not name.startswith(("PG", "PYTHON"))
        }
        programs = Path(sys.executable).parent
        return kept | {
            "COLUMNS": "200",
            "DATALAYER_FOLDER": str(self.server_folder),
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        }


def assert_excerpt(excerpt: str, text: str) -> None:
    """Check that the lines of an excerpt are in a text, in that order."""
    lines = iter(text.splitlines())
    for line in textwrap.dedent(excerpt).splitlines():
        if line.strip():
            assert line in lines, f"{line!r} is not in its place in:\n{text}"


def assert_matches(expected: str, output: str) -> None:
    """Check that output has each expected line in order; `…` stands for anything."""
    lines = iter(output.splitlines())
    for line in expected.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        found = any(re.fullmatch(pattern, each) for each in lines)
        assert found, f"{line!r} is not in its place in:\n{output}"
