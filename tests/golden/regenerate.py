"""What the generator makes of the golden cases, and how to write it down again.

A case is a folder with `queries/`. Below `errors/` it has a `stderr.txt` with all the
problems; below `modules/` it has a folder `expected/` with all the modules. A case with
a `schema.sql` is analysed in a database that the file built, one with a `types.toml`
with these settings of types.

Run as a program this rewrites what is expected: look at the difference before you
commit it. A test never does.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import psycopg

from datalayer.codegen.pipeline import generate_modules
from datalayer.codegen.reading.loader import load_queries
from datalayer.codegen.rendering.writer import write_modules
from datalayer.errors import ProblemsFound
from datalayer.server import scratch_database, use_server

GOLDEN = Path(__file__).parent
#: The import name of the modules of a case, seen from the folder of the case.
PACKAGE = "expected"


def cases(kind: str) -> list[Path]:
    """Return the folders of the cases: those of `errors` or of `modules`."""
    return sorted(path for path in (GOLDEN / kind).glob("*/") if path.is_dir())


def needs_server(case: Path) -> bool:
    """Tell whether a case can only be judged by PostgreSQL."""
    return (case / "schema.sql").exists()


def loader_problems(case: Path) -> str:
    """Return what is said about a case that already the loader refuses."""
    result = load_queries(case / "queries", root=case)
    return f"{ProblemsFound(result.problems)}\n"


def analyser_problems(case: Path, server_url: str) -> str:
    """Return what is said about a case that PostgreSQL refuses."""
    try:
        modules = render(case, server_url)
    except ProblemsFound as problems:
        return f"{problems}\n"
    raise AssertionError(f"{case.name} is in order: {sorted(modules)}")


def render(case: Path, server_url: str) -> Mapping[str, str]:
    """Return the modules of a case by their paths."""
    schema = (case / "schema.sql").read_text().encode()
    with (
        scratch_database(server_url) as url,
        psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection,
    ):
        connection.execute(schema)
        return generate_modules(
            connection,
            queries=case / "queries",
            root=case,
            package=PACKAGE,
            types=_types(case),
            new_types=case.name == "domains",
        ).modules


def _types(case: Path) -> dict[str, str]:
    """Return what a project would say in `[tool.datalayer.types]`."""
    file = case / "types.toml"
    types: dict[str, str] = tomllib.loads(file.read_text()) if file.exists() else {}
    return types


def main() -> int:
    """Write down what is the case now."""
    with use_server() as server:
        for case in cases("errors"):
            said = (
                analyser_problems(case, server.url())
                if needs_server(case)
                else loader_problems(case)
            )
            (case / "stderr.txt").write_text(said)
        for case in cases("modules"):
            write_modules(case / "expected", render(case, server.url()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
