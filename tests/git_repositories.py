"""Git repositories that tests make for themselves."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_IDENTITY = (
    "-c", "user.name=Ada", "-c", "user.email=ada@example.org",
    "-c", "commit.gpgSign=false",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Workbench:
    """A git repository to commit into."""

    folder: Path

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what a git command prints."""
        return subprocess.run(
            ["git", *_IDENTITY, *arguments],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
            input=stdin,
        ).stdout.strip()

    def commit(self, content: str | bytes | None, path: str = "a.json") -> str:
        """Commit a content of a file, or its deletion; return the commit."""
        file = self.folder / path
        if content is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all")
        self.git("commit", "--allow-empty", "--message", f"Change {path}")
        return self.git("rev-parse", "HEAD")

    def commit_all(self, documents: Sequence[object], path: str = "a.json") -> None:
        """Commit many documents at once, without a work tree."""
        stream = []
        for number, document in enumerate(documents):
            content = json.dumps(document)
            stream += [
                "commit refs/heads/main",
                f"committer Ada <ada@example.org> {number} +0000",
                "data 0",
                f"M 644 inline {path}",
                f"data {len(content.encode())}",
                content,
            ]
        self.git("fast-import", "--quiet", "--force", stdin="\n".join(stream) + "\n")


def create_repository(folder: Path) -> Workbench:
    """Create an empty repository on the branch `main`."""
    folder.mkdir()
    workbench = Workbench(folder)
    workbench.git("init", "--quiet", "--initial-branch", "main")
    return workbench
