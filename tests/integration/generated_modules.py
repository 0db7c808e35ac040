"""The modules that the generator makes of one query file."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import psycopg

from datalayer.codegen.pipeline import generate_modules
from datalayer.codegen.rendering.writer import write_modules


@dataclass(frozen=True, slots=True)
class Generated:
    """The synchronous module and its asynchronous twin."""

    sync: ModuleType
    aio: ModuleType


def generated(url: str, folder: Path, text: str, *, package: str) -> Generated:
    """Generate, write and import the modules of a query file.

    The name of the package must be one that nothing else has.
    """
    queries = folder / "queries"
    queries.mkdir(parents=True)
    (queries / "file.sql").write_text(text)
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        modules = generate_modules(
            connection, queries=queries, root=folder, package=package
        ).modules
    write_modules(folder / package, modules)
    sys.path.insert(0, str(folder))
    try:
        return Generated(
            importlib.import_module(f"{package}.file"),
            importlib.import_module(f"{package}.aio.file"),
        )
    finally:
        sys.path.remove(str(folder))
