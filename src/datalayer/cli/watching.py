"""`datalayer generate --watch`: generate again whenever a file is saved."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import watchfiles

from datalayer.cli.findings import Format, print_findings
from datalayer.cli.output import console, count_queries, messages, print_error
from datalayer.codegen.pipeline import Memory
from datalayer.codegen.rendering.writer import write_modules
from datalayer.config import load_config
from datalayer.errors import DataLayerError
from datalayer.finding_shapes import ShapeFinder, open_finder
from datalayer.project import NATIVE, build_with, without_doubts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datalayer.config import Config

#: Milliseconds: editors write a file in several steps.
_SETTLED, _STEP, _ANYWAY = 60, 20, 1000


def watch(folder: Path | None, server_url: str | None) -> None:
    """Generate a project's modules, and again after each change, until Ctrl-C.

    The scratch database stays; it is built again when a migration or a setting changes.
    What is wrong is printed, and watching goes on.
    """
    try:
        again = True
        while again:
            config = load_config(folder)
            with open_finder(config, NATIVE, server_url=server_url) as finder:
                again = _watch_queries(finder)
    except KeyboardInterrupt:
        pass  # how watching ends, and no mishap
    console.print("stopped")


def _watch_queries(finder: ShapeFinder) -> bool:
    """Generate until a migration or a setting changes; return False for an end."""
    config = finder.config
    memory = Memory()
    seen = _files(config)
    _generate(finder, memory)
    _get_ready(finder)
    console.print("watching: Ctrl-C ends")
    for _ in _wake_ups(config):
        now = _files(config)
        changed = [file for file, _ in seen.items() ^ now.items()]
        seen = now
        if any(not file.is_relative_to(config.queries) for file in changed):
            return True
        if changed:
            _generate(finder, memory)
    return False


def _generate(finder: ShapeFinder, memory: Memory) -> None:
    started = time.perf_counter()
    config = finder.config
    try:
        generated = without_doubts(config, build_with(finder, memory))
        report = write_modules(config.output, generated.modules)
    except DataLayerError as error:
        print_error(error)
        return
    print_findings(generated.findings, Format.TEXT)
    output = os.path.relpath(config.output, config.root)
    for verb, paths in (("wrote", report.written), ("removed", report.removed)):
        for path in paths:
            console.print(f"{verb} {output}/{path}", markup=False)
    seconds = time.perf_counter() - started
    queries = count_queries(len(generated.shapes))
    console.print(f"{queries}, {len(generated.modules)} modules, {seconds:.2f} s")


def _get_ready(finder: ShapeFinder) -> None:
    try:
        with messages.status("building a scratch database"):
            finder.get_ready()
    except DataLayerError as error:
        print_error(error)


def _wake_ups(config: Config) -> Iterator[object]:
    """Yield when something may have changed, and now and then anyway.

    What is saved before watching begins wakes nobody.
    """
    watched = [config.queries, config.migrations, config.root / "pyproject.toml"]
    return watchfiles.watch(
        *(path for path in watched if path.exists()),
        watch_filter=None,
        debounce=_SETTLED,
        step=_STEP,
        rust_timeout=_ANYWAY,
        yield_on_timeout=True,
    )


def _files(config: Config) -> dict[Path, tuple[int, int]]:
    """Return what is watched, with the time and the size of each file."""
    folders = (config.queries, config.migrations)
    files = [file for folder in folders for file in folder.rglob("*.sql")]
    found = {}
    for file in (*files, config.root / "pyproject.toml"):
        with suppress(OSError):
            status = file.stat()
            found[file] = (status.st_mtime_ns, status.st_size)
    return found
