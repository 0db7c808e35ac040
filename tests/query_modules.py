"""Modules generated for a test, from the text of a query file."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import psycopg

from datalayer.codegen.pipeline import Generated, generate_modules
from datalayer.codegen.rendering.writer import write_modules


class Modules(NamedTuple):
    """The two modules of a query file, and what was learnt of its queries."""

    sync: ModuleType
    aio: ModuleType
    generated: Generated


def load_modules(url: str, folder: Path, text: str, *, package: str) -> Modules:
    """Return the modules of a query file; `package` is used once in a process."""
    queries = folder / "queries"
    queries.mkdir(parents=True)
    (queries / "queries.sql").write_text(text)
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        generated = generate_modules(
            connection, queries=queries, root=folder, package=package
        )
    write_modules(folder / package, generated.modules)
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return Modules(
            importlib.import_module(f"{package}.queries"),
            importlib.import_module(f"{package}.aio.queries"),
            generated,
        )
    finally:
        sys.path.remove(str(folder))
