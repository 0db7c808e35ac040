"""`datalayer generate --watch`: generate again whenever a file is saved."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

import watchfiles

from datalayer.cli.findings import Format, print_findings
from datalayer.cli.output import console, count_queries, messages, print_error
from datalayer.codegen.pipeline import Memory
from datalayer.codegen.reading.query_folder import find_query_files
from datalayer.codegen.rendering.writer import write_modules
from datalayer.config import load_config
from datalayer.errors import DataLayerError, ProblemsFound
from datalayer.finding_shapes import ShapeFinder, open_finder
from datalayer.project import NATIVE, build_with, without_doubts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datalayer.config import Config

#: By path, what shows whether it changed.
_Files: TypeAlias = "dict[Path, tuple[object, ...]]"

#: Milliseconds: editors write a file in several steps.
_SETTLED, _STEP, _ANYWAY = 60, 20, 1000


def watch(folder: Path | None, server_url: str | None) -> None:
    """Generate a project's modules, and again after each change, until Ctrl-C.

    The scratch database stays; it is built again when a migration or a setting changes.
    What is wrong is printed, and watching goes on.
    """
    config = load_config(folder)
    try:
        while True:
            _watch_schema(config, server_url)
            config = _load_again(folder, config)
    except KeyboardInterrupt:
        pass  # how watching ends, and no mishap
    console.print("stopped")


def _watch_schema(config: Config, server_url: str | None) -> None:
    """Generate until a migration or a setting changes."""
    seen = _files(config)
    memory = Memory()
    with open_finder(config, NATIVE, server_url=server_url) as finder:
        _generate(finder, memory)
        _get_ready(finder)
        console.print("watching: Ctrl-C ends")
        for changed in _changes(config, seen):
            if not all(file.is_relative_to(config.queries) for file in changed):
                return
            _generate(finder, memory)


def _load_again(folder: Path | None, config: Config) -> Config:
    """Load the settings, once they are right."""
    changes = _changes(config, _files(config))
    while True:
        try:
            return load_config(folder)
        except DataLayerError as error:
            print_error(error)
            next(changes)


def _generate(finder: ShapeFinder, memory: Memory) -> None:
    started = time.perf_counter()
    config = finder.config
    try:
        generated = without_doubts(config, build_with(finder, memory))
        report = write_modules(config.output, generated.modules)
    except DataLayerError as error:
        if isinstance(error, ProblemsFound):
            print_findings(error.findings, Format.TEXT)
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


def _changes(config: Config, seen: _Files) -> Iterator[list[Path]]:
    """Yield the files that are not as they were seen, whenever there are any."""
    for _ in _wake_ups(config):
        now = _files(config)
        changed = [file for file, _ in seen.items() ^ now.items()]
        seen = now
        if changed:
            yield changed


def _files(config: Config) -> _Files:
    """Return what is watched, with the time and the size of each file."""
    found = find_query_files(config.queries, root=config.root)
    files = [each.file for each in found.files]
    files += [*config.migrations.rglob("*.sql"), config.root / "pyproject.toml"]
    # A file that has a wrong name is not read, and matters.
    seen: _Files = {config.queries: tuple(map(str, found.problems))}
    for file in files:
        with suppress(OSError):
            status = file.stat()
            seen[file] = (status.st_mtime_ns, status.st_size)
    return seen
