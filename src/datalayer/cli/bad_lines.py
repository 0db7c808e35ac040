"""Bad lines of imported files: some are shown, all are counted and may be written."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import typer

from datalayer.cli.job_tables import printable
from datalayer.cli.output import count, messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datalayer.domains.conversations.importing import BadLine


@dataclass(slots=True)
class BadLines:
    """Those of one run."""

    most: int
    silent: bool
    file: IO[str] | None = None
    path: Path | None = None
    number: int = 0
    #: The first of them, for JSON.
    shown: list[dict[str, object]] = field(default_factory=list)

    @classmethod
    @contextmanager
    def open(cls, path: Path | None, *, most: int, silent: bool) -> Iterator[BadLines]:
        """Yield what takes bad lines, and writes them to a file if there is one.

        The file is for its owner only: keys in headers are in it as they came.
        """
        if path is None:
            yield cls(most, silent)
            return
        try:
            file = os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                "w",
                encoding="utf-8",
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise typer.BadParameter(
                f"`{path}` cannot be written: {reason}", param_hint="--bad-lines"
            ) from error
        with file:
            yield cls(most, silent, file, path)

    def take(self, path: str, line: BadLine) -> None:
        """Count a bad line, show it if it is one of the first, and write it."""
        self.number += 1
        data: dict[str, object] = {
            "file": path,
            "line": line.number,
            "reason": line.reason,
        }
        if self.number <= self.most:
            self.shown.append(data)
            if not self.silent:
                text = f"{path}:{line.number}: {printable(line.reason)}"
                messages.print(text, markup=False, emoji=False)
        if self.file:
            content = line.content.decode(errors="replace")
            self.file.write(json.dumps(data | {"content": content}) + "\n")

    def tell_rest(self) -> None:
        """Say how many there were, if they were not all shown."""
        hidden = self.number - len(self.shown)
        if hidden:
            where = f"; all are in {self.path}" if self.path else ""
            messages.print(
                f"{count(hidden, 'more bad line')} not shown{where}", markup=False
            )
