"""What queries can do beyond their SQL: optional parts, pages, nesting, many rows."""

from __future__ import annotations

import importlib
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg

from benchmarks.measure import Contender, Timing, measure
from benchmarks.report import Figure, Plan, Report, Row, Section, Table
from datalayer.codegen.pipeline import generate_modules
from datalayer.codegen.rendering.writer import write_modules
from datalayer.server import use_server
from plans import explain

PROJECT = Path(__file__).parent / "queries_project"
PACKAGE = "bench_queries"
_BOOKS_PER_AUTHOR = 10
_AUTHORS = 100
_PAGE = 50
#: How many pages lie before the deep one, at most.
_DEEP = 4_000
_ITEMS = 10_000

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Generated:
    """The generated modules; what they contain is not known to a type checker."""

    books: Any
    authors: Any


def run(*, rows: int, rounds: int, say: Callable[[str], None]) -> Report:
    """Load books into a throw-away server and measure."""
    authors = max(_AUTHORS, rows // _BOOKS_PER_AUTHOR)
    say("starting a throw-away server")
    with (
        use_server() as server,
        psycopg.connect(server.url(), autocommit=True) as connection,
    ):
        say(f"loading {authors * _BOOKS_PER_AUTHOR:,} books")
        _load(connection, authors)
        with generated_modules(connection) as modules:
            sections: list[Section | Table] = []
            for title, part in _PARTS.items():
                say(title)
                sections.append(part(connection, modules, authors, rounds))
        version = server.version
    return Report(
        title="queries",
        conditions=(
            ("books", f"{authors * _BOOKS_PER_AUTHOR:,}, ten of each author"),
            ("server", f"PostgreSQL {version}, Unix socket, same machine"),
            ("client", f"Python {platform.python_version()}, psycopg"),
        ),
        sections=tuple(sections),
        command=f"scripts/bench queries --rows {rows} --rounds {rounds}",
    )


@contextmanager
def generated_modules(connection: Connection) -> Iterator[Generated]:
    """Generate the modules of the project, and import them for a while."""
    with tempfile.TemporaryDirectory() as folder:
        found = generate_modules(
            connection,
            queries=PROJECT / "queries",
            root=PROJECT,
            package=PACKAGE,
        )
        write_modules(Path(folder) / PACKAGE, found.modules)
        sys.path.insert(0, folder)
        try:
            yield Generated(_import("books"), _import("authors"))
        finally:
            sys.path.remove(folder)


def _import(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{name}")


def _load(connection: Connection, authors: int) -> None:
    connection.execute("SELECT set_config('bench.authors', %s, false)", [str(authors)])
    connection.execute((PROJECT / "schema.sql").read_bytes())
    connection.execute("VACUUM (ANALYZE)")


def _optional(
    connection: Connection, modules: Generated, authors: int, rounds: int
) -> Section:
    books = modules.books
    begin = datetime(2020, 6, 1, tzinfo=UTC)

    def arguments(call: int) -> dict[str, Any]:
        since = begin + timedelta(hours=call % 5000)
        return {"kind": f"kind {call % 100}", "since": since, "row_limit": _PAGE}

    def with_optional(call: int) -> object:
        return books.search_books(connection, **arguments(call))

    def by_hand(call: int) -> object:
        return books.search_books_of_kind_since(connection, **arguments(call))

    def or_null(call: int) -> object:
        given = {**arguments(call), "author_id": None}
        return books.search_books_or_null(connection, **given)

    assert with_optional(0) == by_hand(0) == or_null(0)
    timings = measure(
        [
            Contender("-- @optional, two of three given", with_optional),
            Contender("(:x IS NULL OR column = :x)", or_null),
            Contender("the bare statement by hand", by_hand),
        ],
        rounds=rounds,
    )
    query, values = books.SEARCH_BOOKS.given(arguments(0))
    null = books.SEARCH_BOOKS_OR_NULL
    return Section(
        "optional filters: 50 of the books of a kind since a day",
        tuple(timings),
        plans=(
            Plan("optional", tuple(explain(connection, query, values))),
            Plan("IS NULL OR", tuple(_generic(connection, null.sql))),
        ),
        note="psycopg prepares each statement; the plan of IS NULL OR is the generic"
        " one, which PostgreSQL may choose after five executions.",
    )


def _generic(connection: Connection, statement: str) -> list[str]:
    text = f"EXPLAIN (GENERIC_PLAN, COSTS OFF) {statement}"
    return [str(line) for (line,) in connection.execute(text.encode())]


def _pages(
    connection: Connection, modules: Generated, authors: int, rounds: int
) -> Section:
    books = modules.books
    deep = min(_DEEP, authors * _BOOKS_PER_AUTHOR // _PAGE - 1)
    cursor = books.page_books(connection, row_limit=deep * _PAGE).next

    def by_cursor(_call: int) -> list[Any]:
        page = books.page_books(connection, row_limit=_PAGE, cursor=cursor)
        return list(page.items)

    def by_offset(_call: int) -> list[Any]:
        found = books.skip_books(connection, row_offset=deep * _PAGE, row_limit=_PAGE)
        return list(found)

    assert by_cursor(0) == by_offset(0)
    first = Contender(
        "first page", lambda _: books.page_books(connection, row_limit=_PAGE)
    )
    timings = measure(
        [
            first,
            Contender(f"page {deep:,} by its cursor", by_cursor),
            Contender(f"page {deep:,} by OFFSET", by_offset),
        ],
        rounds=rounds,
    )
    return Section(f"pages of {_PAGE} books", tuple(timings))


def _nested(
    connection: Connection, modules: Generated, authors: int, rounds: int
) -> Section:
    found = modules.authors

    def span(call: int) -> dict[str, int]:
        first = call * 37 % max(1, authors - _AUTHORS) + 1
        return {"first_author": first, "last_author": first + _AUTHORS - 1}

    def grouped(call: int) -> int:
        rows = found.list_authors_with_books(connection, **span(call))
        return sum(len(row.books) for row in rows)

    def documents(call: int) -> int:
        rows = found.list_authors_with_documents(connection, **span(call))
        return sum(len(row.books) for row in rows)

    def two_queries(call: int) -> int:
        rows = found.list_authors(connection, **span(call))
        books: dict[int, list[Any]] = {row.author_id: [] for row in rows}
        for book in found.list_books_of(connection, author_ids=list(books)):
            books[book.author_id].append(book)
        return sum(map(len, books.values()))

    assert grouped(0) == documents(0) == two_queries(0) > 0
    timings = measure(
        [
            Contender("-- @group, one join", grouped),
            Contender("json_agg", documents),
            Contender("two queries, joined by hand", two_queries),
        ],
        rounds=rounds,
    )
    return Section(
        f"{_AUTHORS} authors with their {_BOOKS_PER_AUTHOR} books each", tuple(timings)
    )


def _embedded(
    connection: Connection, modules: Generated, authors: int, rounds: int
) -> Section:
    found = modules.authors

    def embedded(_call: int) -> int:
        rows = found.list_books_with_author(
            connection, first_author=1, last_author=_AUTHORS
        )
        return sum(row.author.author_id for row in rows)

    def two_queries(_call: int) -> int:
        rows = found.list_authors(connection, first_author=1, last_author=_AUTHORS)
        by_id = {row.author_id: row for row in rows}
        books = found.list_books_of(connection, author_ids=list(by_id))
        return sum(by_id[book.author_id].author_id for book in books)

    assert embedded(0) == two_queries(0)
    timings = measure(
        [
            Contender("-- @embed, one join", embedded),
            Contender("two queries, joined by hand", two_queries),
        ],
        rounds=rounds,
    )
    return Section("books, each with its author", tuple(timings))


def _many(
    connection: Connection, modules: Generated, authors: int, rounds: int
) -> Table:
    books = modules.books
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        (number, f"kind {number % 9}", f"book {number}", Decimal(number), moment)
        for number in range(_ITEMS)
    ]
    names = ("book_id", "kind", "title", "price", "written_at")
    items = [
        books.CreateArrivalsParameters(**dict(zip(names, row, strict=True)))
        for row in rows
    ]

    def generated(_call: int) -> None:
        assert books.create_arrivals(connection, items) == _ITEMS

    def executemany(_call: int) -> None:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany("INSERT INTO arrival VALUES (%s, %s, %s, %s, %s)", rows)

    def copy(_call: int) -> None:
        with connection.cursor() as cursor, cursor.copy(_COPY) as into:
            for row in rows:
                into.write_row(row)

    def empty(_calls: int) -> None:
        connection.execute("TRUNCATE arrival")

    ours, peer, floor = measure(
        [
            Contender("*!", generated, empty),
            Contender("executemany", executemany, empty),
            Contender("COPY", copy, empty),
        ],
        rounds=rounds,
    )
    return Table(
        f"many in: {_ITEMS:,} rows",
        ("rows a second", "of executemany", "of COPY by hand"),
        tuple(_rate(timing, peer, floor) for timing in (ours, peer, floor)),
    )


_COPY = b"COPY arrival (book_id, kind, title, price, written_at) FROM STDIN"


def _rate(timing: Timing, peer: Timing, floor: Timing) -> Row:
    return Row(
        timing.name,
        (
            Figure(_ITEMS / timing.median, "/s"),
            Figure(peer.median / timing.median),
            Figure(floor.median / timing.median),
        ),
    )


_Part = Callable[[Connection, Generated, int, int], Section | Table]
_PARTS: dict[str, _Part] = {
    "optional filters": _optional,
    "pages": _pages,
    "nested results": _nested,
    "embedded objects": _embedded,
    "many rows": _many,
}
