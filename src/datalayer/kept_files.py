"""The files of a project that can be deleted at any time."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

#: Below the folder of the project; it ignores itself.
FOLDER = ".datalayer"


def keep_file(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(exist_ok=True)
    ignored = file.parent / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", "utf-8")
    handle, beside = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(beside).replace(file)
    except BaseException:
        Path(beside).unlink()
        raise
