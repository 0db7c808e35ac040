"""What `docs/types.md` says of values and settings is the case."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from psycopg.types.range import Range
from type_echoes import call_both, load_file, result_file, undone

from datalayer.config import load_config
from datalayer.proving.functions import Functions
from datalayer.proving.session import Session, open_session
from datalayer.server import Server, scratch_database

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "types.md").read_text()
_ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \| `(.+?)` \|$", re.MULTILINE)
#: An expression of SQL and what the page says it is in Python.
SAID = [
    pair for row in _ROW.findall(PAGE) for pair in ((row[0], row[1]), (row[2], row[3]))
]
_NAMES = {
    "Decimal": Decimal,
    "Range": Range,
    "date": date,
    "datetime": datetime,
    "timedelta": timedelta,
}


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[Session]:
    with scratch_database(server.url()) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")
        with open_session(url) as session:
            yield session


@pytest.fixture(scope="module")
def functions(
    session: Session, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Functions]:
    queries = {
        f"said_{number}": f"SELECT {sql} AS value"
        for number, (sql, _) in enumerate(SAID)
    }
    return load_file(
        session.connection.info.dsn,
        tmp_path_factory.mktemp("types_docs"),
        result_file(queries),
        package="types_docs_queries",
    )


def test_the_page_has_examples() -> None:
    assert len(SAID) > 20


@pytest.mark.parametrize(
    ("number", "sql", "said"),
    [(number, sql, said) for number, (sql, said) in enumerate(SAID)],
    ids=[sql for sql, _ in SAID],
)
def test_a_value_is_what_the_page_says(
    session: Session, functions: dict[str, Functions], number: int, sql: str, said: str
) -> None:
    function = functions[f"get_said_{number}"]

    if said == "DataError":
        with undone(session), pytest.raises(psycopg.DataError) as raised:
            function.sync.call(session.connection)
        assert f"in query get_said_{number}" in raised.value.__notes__[0]
        with undone(session), pytest.raises(psycopg.DataError):
            session.run(function.aio.call(session.twin))
    else:
        value = call_both(session, function)
        assert repr(value) == repr(eval(said, _NAMES)), sql


def test_text_sends_what_python_does_not_have(session: Session) -> None:
    (sent,) = re.findall(r"`(cast\(:until::text AS \w+\))`", PAGE)
    statement = f"SELECT {sent.replace(':until', '$1')}::text AS value"

    with psycopg.RawCursor(session.connection) as cursor, undone(session):
        cursor.execute(statement.encode(), ["infinity"])
        assert cursor.fetchone() == ("infinity",)


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The settings of the page, and the class that they name."""
    section = PAGE.partition("### Types that the table does not have\n")[2]
    settings = re.findall(r"```toml\n(.+?)```", section, re.DOTALL)[0]
    source = re.findall(r"```python\n(.+?)```", section, re.DOTALL)[0]
    module = ModuleType("app.types")
    exec(source, module.__dict__)  # noqa: S102 - of our page
    monkeypatch.setitem(sys.modules, "app", ModuleType("app"))
    monkeypatch.setitem(sys.modules, "app.types", module)
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.datalayer]\noutput = "queries"\n{settings}'
    )
    types = dict(load_config(tmp_path).types)
    assert types == tomllib.loads(settings)["tool"]["datalayer"]["types"]
    # There is no such extension here.
    del types["public.semver"]
    return types


def test_a_class_of_the_page_comes_back(
    session: Session, project: dict[str, str], tmp_path: Path
) -> None:
    queries = load_file(
        session.connection.info.dsn,
        tmp_path / "vectors",
        "-- name: echo(vectors)$\n-- Return vectors.\n"
        "SELECT :vectors::vector[] AS vectors;\n"
        "-- name: multiply(vector, times)$\n-- @param vector = '[1,2]'\n"
        "-- Return a vector.\nSELECT :vector::vector AS vector\n"
        "FROM generate_series(1, :times);\n",
        package="vector_queries",
        types=project,
    )
    vector: Any = sys.modules["app.types"].__dict__["Vector"]
    vectors = [vector("[1,2.5]"), vector("[3]")]

    with undone(session):
        found = queries["echo"].sync.call(session.connection, vectors=vectors)
        one = queries["multiply"].sync.call(session.connection, times=1)

    assert [str(each) for each in found] == ["[1.0,2.5]", "[3.0]"]
    assert type(one) is vector
