"""Every type is in Python what is declared, and survives the way there and back."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from type_echoes import (
    array_literal,
    arrays_of,
    call_both,
    load_file,
    query_file,
    result_file,
    undone,
    untrue,
)
from type_literals import EXTENSIONS, LITERALS, PLACEHOLDERS, RESULTS, VALUELESS

from datalayer.codegen.rendering.typemap import EXTENSION_TYPES, TYPES
from datalayer.codegen.type_catalog import TypeCatalog
from datalayer.proving.forms import read_text, reads_text
from datalayer.proving.functions import Functions
from datalayer.proving.session import Session, open_session
from datalayer.server import Server, scratch_database

_SCHEMA = """
CREATE TABLE "Quo""ted" ();
CREATE TABLE correlated (a int, b int);
INSERT INTO correlated SELECT n % 5, n % 5 FROM generate_series(1, 100) AS n;
CREATE STATISTICS about (dependencies, ndistinct, mcv) ON a, b FROM correlated;
CREATE FUNCTION one() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;
ANALYZE correlated;
"""
#: By the name of a query, what it is about.
NAMES = {name: f'pg_catalog."{name}"' for name in LITERALS}
NAMES |= {f"{extension}_{name}": name for extension, name in EXTENSIONS}
VALUES = LITERALS | {f"{each[0]}_{each[1]}": EXTENSIONS[each] for each in EXTENSIONS}


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[Session]:
    with scratch_database(server.url()) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            for extension in sorted({extension for extension, _ in EXTENSIONS}):
                connection.execute(f'CREATE EXTENSION "{extension}"'.encode())
            connection.execute(_SCHEMA.encode())
        with open_session(url) as session:
            yield session


@pytest.fixture(scope="module")
def functions(
    session: Session, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Functions]:
    return load_file(
        session.connection.info.dsn,
        tmp_path_factory.mktemp("every_type"),
        query_file(NAMES) + result_file(RESULTS),
        package="every_type_queries",
    )


def _wrong(session: Session, functions: dict[str, Functions], name: str) -> list[str]:
    """Return what is wrong with a query's type, for each of its values."""
    found = []
    suffixed = name.removesuffix("_list")
    delimiter = ";" if suffixed == "box" else ","
    literals = (
        VALUES[name]
        if name in VALUES
        else [array_literal(each, delimiter) for each in arrays_of(VALUES[suffixed])]
    )
    read, echo = functions[f"read_{name}"], functions[f"echo_{name}"]
    for literal in literals:
        try:
            value = call_both(session, read, literal=literal)
            back = call_both(session, echo, value=value)
        except psycopg.Error as error:
            found.append(f"{literal!r:.60}: {error}")
            continue
        found += untrue(read.sync, value)
        if repr(back) != repr(value):
            found.append(f"{value!r:.60} came back as {back!r:.60}")
    return found


def test_every_type_has_values() -> None:
    lists = {name for name in RESULTS if name.endswith("_list")} - {"pg_mcv_list"}
    assert {*LITERALS, *RESULTS, *VALUELESS} - lists == set(TYPES)
    assert set(EXTENSIONS) == set(EXTENSION_TYPES)


@pytest.mark.parametrize("suffix", ["", "_list"], ids=["values", "arrays"])
def test_values_are_what_is_declared_and_come_back(
    session: Session, functions: dict[str, Functions], suffix: str
) -> None:
    wrong = {name: _wrong(session, functions, f"{name}{suffix}") for name in VALUES}

    assert {name: said for name, said in wrong.items() if said} == {}


def test_the_proof_reads_arguments_as_the_functions_return_them(
    session: Session, functions: dict[str, Functions]
) -> None:
    catalog = TypeCatalog(session.connection)
    for name, type_ in NAMES.items():
        for literal in VALUES[name]:
            with psycopg.RawCursor(session.connection) as cursor, undone(session):
                cursor.execute(f"SELECT $1::text::{type_}".encode(), [literal])
                assert cursor.pgresult is not None
                found = catalog.find(cursor.pgresult.ftype(0))
                text = (cursor.pgresult.get_value(0, 0) or b"").decode()
            if reads_text(found, {}):
                value = call_both(session, functions[f"read_{name}"], literal=literal)
                read = read_text(session.connection, found, {}, text)
                assert repr(read) == repr(value), (name, literal)


def test_null_is_none(session: Session, functions: dict[str, Functions]) -> None:
    for name in VALUES:
        for each in (f"echo_{name}", f"echo_{name}_list"):
            assert call_both(session, functions[each], value=None) is None, each


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_what_only_a_result_has_is_what_is_declared(
    session: Session, functions: dict[str, Functions], name: str
) -> None:
    value = call_both(session, functions[f"get_{name}"])

    assert value is not None
    assert untrue(functions[f"get_{name}"].sync, value) == []


@pytest.mark.parametrize("name", sorted(VALUELESS))
def test_there_are_no_values_of_some_types(session: Session, name: str) -> None:
    with undone(session), pytest.raises(psycopg.Error, match=VALUELESS[name]):
        session.connection.execute(f"SELECT ''::pg_catalog.{name}".encode())


def test_the_table_has_each_type_that_a_column_can_have(session: Session) -> None:
    rows = session.connection.execute(
        "SELECT typname FROM pg_type WHERE typtype IN ('b', 'm', 'p', 'r')"
        " AND typnamespace = 'pg_catalog'::regnamespace"
        # But for arrays.
        " AND NOT EXISTS (SELECT FROM pg_type AS e WHERE e.typarray = pg_type.oid)"
    )

    assert {name for (name,) in rows} == set(TYPES) | PLACEHOLDERS
