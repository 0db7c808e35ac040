#!/usr/bin/env python
"""Derive synchronous modules from their asynchronous twins.

A module names its twin, relative to itself, in a comment of its own: `# twin: sync.py`.
A line that ends in `# async only` is left out. Without arguments all twins are written;
`--check` reports those that are stale and writes nothing.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "tests")

_TWIN = re.compile(r"^# twin: (\S+)\n+", re.MULTILINE)
_ASYNC_ONLY = re.compile(r"^.*# async only\n", re.MULTILINE)

#: Left out together with the space that follows.
_KEYWORDS = {"async", "await"}

#: In code, comments and strings.
_NAMES = {
    "AsyncConnection": "Connection",
    "AsyncConnectionPool": "ConnectionPool",
    "AsyncCursor": "Cursor",
    "AsyncDatabase": "Database",
    "AsyncExitStack": "ExitStack",
    "AsyncGenerator": "Generator",
    "AsyncIterable": "Iterable",
    "AsyncIterator": "Iterator",
    "AsyncRawCursor": "RawCursor",
    "AsyncServerCursor": "ServerCursor",
    "AsyncTransaction": "Transaction",
    "StopAsyncIteration": "StopIteration",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "aclose": "close",
    "aclosing": "closing",
    "anext": "next",
    "asynccontextmanager": "contextmanager",
    "enter_async_context": "enter_context",
    "run_aside": "run_here",
    "sleep_aside": "sleep_here",
}

#: In comments and strings.
_WORDS = {
    r"\ban async(hronous)?\b": r"a sync\1",
    r"\basynchronous": "synchronous",
}

#: Modules whose twin is not simply the name without `aio`.
_MODULES = {
    "datalayer.aio": "datalayer.database",
    "datalayer.runtime.aio": "datalayer.runtime.sync",
}
#: A type of its own has no place in synchronous code.
_AWAITABLE = re.compile(r"\bAwaitable\[(\w+)\]")

#: What of either kind becomes of one.
_TWICE = re.compile(r"(?<!\w)(\w+\[\w+\]) \| \1")

_AIO_MODULE = re.compile(r"\bdatalayer(?:\.\w+)*?\.aio(?:_\w+)?\b")


def main(arguments: list[str] | None = None) -> int:
    """Write the twins, or report those that are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(arguments).check
    stale = 0
    for source, target in find_pairs(ROOT):
        derived = derive(source, target)
        if target.exists() and target.read_text(encoding="utf-8") == derived:
            continue
        stale += 1
        print(f"{'stale' if check else 'wrote'}: {target.relative_to(ROOT)}")
        if not check:
            target.write_text(derived, encoding="utf-8")
    return 1 if check and stale else 0


def find_pairs(root: Path) -> list[tuple[Path, Path]]:
    """Return each module that names a twin, and the twin."""
    files = (file for folder in FOLDERS for file in (root / folder).rglob("*.py"))
    named = ((file, _TWIN.search(file.read_text(encoding="utf-8"))) for file in files)
    return sorted(
        (file, (file.parent / match[1]).resolve()) for file, match in named if match
    )


def derive(source: Path, target: Path) -> str:
    """Return the text of the twin of a module."""
    text = to_sync(source.read_text(encoding="utf-8"))
    header = f"# Derived by scripts/async_to_sync.py from {source.name}; do not edit.\n"
    sorted_imports = _ruff(header + text, target, "check", "--fix", "--select=I,F401")
    return _ruff(sorted_imports, target, "format")


def to_sync(text: str) -> str:
    """Return the synchronous form of a module's text, unformatted."""
    text = _ASYNC_ONLY.sub("", _TWIN.sub("", text))
    text = _AIO_MODULE.sub(_sync_module, _AWAITABLE.sub(r"\1", text))
    lines = text.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    # From the end, so that earlier positions stay true.
    for token in reversed(tokens):
        replacement = _replacement(token)
        if replacement is not None:
            _replace(lines, token, replacement)
    return _TWICE.sub(r"\1", "".join(lines))


def _sync_module(match: re.Match[str]) -> str:
    return _MODULES.get(match[0], match[0].removesuffix(".aio").replace(".aio_", "."))


def _replacement(token: tokenize.TokenInfo) -> str | None:
    if token.type == tokenize.NAME:
        return "" if token.string in _KEYWORDS else _NAMES.get(token.string)
    if token.type in (tokenize.STRING, tokenize.COMMENT):
        text = re.sub(r"\w+", lambda m: _NAMES.get(m[0], m[0]), token.string)
        for pattern, word in _WORDS.items():
            text = re.sub(pattern, word, text)
        return text
    return None


def _replace(lines: list[str], token: tokenize.TokenInfo, replacement: str) -> None:
    (first, start), (last, end) = token.start, token.end
    after = lines[last - 1][end:]
    if not replacement:
        after = after.removeprefix(" ")
    lines[first - 1] = lines[first - 1][:start] + replacement + after
    del lines[first:last]


def _ruff(text: str, target: Path, *command: str) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    finished = subprocess.run(
        [
            ruff if ruff.exists() else "ruff",
            *command,
            "--quiet",
            f"--stdin-filename={target}",
            "-",
        ],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if finished.returncode and not finished.stdout:
        raise SystemExit(f"{target}: {finished.stderr}")
    return finished.stdout


if __name__ == "__main__":
    sys.exit(main())
