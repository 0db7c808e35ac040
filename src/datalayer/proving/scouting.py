"""Which values and rows the constraints of tables let in, by trying."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, TypeAlias

import psycopg

from datalayer.codegen.type_catalog import TypeCatalog
from datalayer.model import TypeKind
from datalayer.proving.candidates import (
    candidates_of,
    constants_in,
    matching,
    preferred,
    with_constants,
)
from datalayer.proving.catalog import filling_order, read_table
from datalayer.proving.fitting import with_documents
from datalayer.proving.model import (
    Candidates,
    ForeignKey,
    Row,
    Table,
    TableColumn,
    Written,
)
from datalayer.proving.sql_text import insert_row, quote_literal, quote_name
from datalayer.proving.worlds import Filling, Values, plain_row, random_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datalayer.proving.bindings import Column
    from datalayer.proving.fitting import Documents
    from datalayer.proving.session import Session

#: Two columns that a statement wants to be equal.
Link: TypeAlias = "tuple[Column, Column]"
#: How many rows of a table are tried how often, and how many are remembered.
_TRIED, _SEEDS = 300, 16


class Scout:
    """The tables of one database, each looked at once."""

    def __init__(self, session: Session, seed: int) -> None:
        """Remember whom to ask."""
        self._session = session
        self._seed = seed
        self._types = TypeCatalog(session.connection)
        self._tables: dict[int, Table] = {}
        self._seeds: dict[int, tuple[Values, ...]] = {}
        self._known: dict[tuple[int, str], Candidates] = {}

    def filling(self, oids: Iterable[int]) -> Filling:
        """Return the tables, those that they refer to, and rows for each."""
        wanted: dict[int, Table] = {}
        todo = list(oids)
        while todo:
            oid = todo.pop()
            if oid not in wanted:
                wanted[oid] = self.table(oid)
                todo += [key.target for key in wanted[oid].foreign_keys]
        tables = filling_order(wanted)
        if any(table.oid not in self._seeds for table in tables):
            try:
                self._try_rows(tables)
            except psycopg.errors.QueryCanceled:
                # Those that are left took no row in time.
                for table in tables:
                    self._seeds.setdefault(table.oid, ())
        return Filling(
            tables, {t.oid: self._seeds[t.oid] or (plain_row(t),) for t in tables}
        )

    def table(self, oid: int) -> Table:
        """Return a table with the values that its columns take."""
        if oid not in self._tables:
            table = read_table(self._session.connection, oid)
            columns = tuple(map(self._with_candidates, table.columns))
            self._tables[oid] = replace(table, columns=columns)
        return self._tables[oid]

    def filling_for(
        self,
        sql: str,
        oids: Iterable[int],
        documents: Documents,
        links: Iterable[Link] = (),
    ) -> Filling:
        """Return the tables of a statement, with its constants among their values.

        So are the documents that fit the types of its json columns. Columns that it
        compares refer to each other as if by foreign keys.
        """
        filling = with_documents(self.filling(oids), documents)
        constants = constants_in(sql)
        tables = tuple(
            replace(
                table,
                columns=tuple(
                    self._with_constants(column, constants) for column in table.columns
                ),
                foreign_keys=(
                    *table.foreign_keys,
                    *_loose_keys(table, filling.tables, links),
                ),
            )
            for table in filling.tables
        )
        return Filling(tables, filling.seeds)

    def _with_constants(
        self, column: TableColumn, constants: tuple[str, ...]
    ) -> TableColumn:
        known, type_ = column.candidates, self._types.find(column.type_oid)
        # What has conditions of its own would refuse most of the others.
        named = (
            preferred(known, constants)
            if column.checks and type_.kind is not TypeKind.ARRAY
            else with_constants(known, type_, constants)
        )
        return replace(column, candidates=named)

    def candidates(self, type_oid: int, type_name: str) -> Candidates:
        """Return values of a type, for a parameter."""
        key = type_oid, type_name
        if key not in self._known:
            tried = candidates_of(self._types.find(type_oid))
            self._known[key] = self._accepted(tried, type_name, ())
        return self._known[key]

    def empty_tables(self) -> tuple[str, ...]:
        """Return the tables that took no row at all."""
        return tuple(
            sorted(self._tables[oid].name for oid, s in self._seeds.items() if not s)
        )

    def _with_candidates(self, column: TableColumn) -> TableColumn:
        type_ = self._types.find(column.type_oid)
        known = candidates_of(type_)
        if type_.kind is TypeKind.ARRAY or type_.name in ("json", "jsonb"):
            # Conditions name keys and elements, none of which is a value by itself.
            known = with_constants(known, type_, column.constants)
        texts = (text for each in column.constants for text in matching(each))
        constants = dict.fromkeys((*texts, *column.constants))
        fresh = tuple(each for each in constants if each not in known.common)
        tried = Candidates(fresh + known.common, known.exotic)
        conditions = tuple(
            f"SELECT 1 / (CASE WHEN ({check}) IS FALSE THEN 0 ELSE 1 END)"  # noqa: S608 - from the catalogue
            f" FROM (SELECT {{literal}}::{column.type_name}"
            f" AS {quote_name(column.name)}) AS t"
            for check in column.checks
        )
        accepted = self._accepted(tried, column.type_name, conditions)
        return replace(column, candidates=accepted)

    def _accepted(
        self, tried: Candidates, type_name: str, conditions: tuple[str, ...]
    ) -> Candidates:
        """Return the values that a type has, and for which all conditions hold."""
        literals = (*tried.common, *tried.exotic)
        # A condition that does not hold divides by zero.
        templates = (f"SELECT {{literal}}::{type_name}", *conditions)
        statements = [
            template.replace("{literal}", quote_literal(literal))
            for literal in literals
            for template in templates
        ]
        with self._session.connection.transaction(force_rollback=True):
            answers = iter(self._session.attempt(statements))
        fine = {
            literal
            for literal in literals
            # Each answer must be taken, so that the next one is the next literal's.
            if all([next(answers) for _ in templates])  # noqa: C419 - as above
        }
        return Candidates(
            tuple(each for each in tried.common if each in fine),
            tuple(each for each in tried.exotic if each in fine),
        )

    def _try_rows(self, tables: Sequence[Table]) -> None:
        """Remember some rows of each table that were accepted."""
        with self._session.connection.transaction(force_rollback=True):
            rows: list[Row] = []
            for table in tables:
                # The same whichever query asks for the table first.
                random = Random(f"{self._seed} {table.name}")
                found = _various(self._accepted_rows(table, rows, random))
                kept = self._session.attempt([insert_row(row) for row in found])
                # So that rows of other tables can refer to them.
                rows += [row for row, fine in zip(found, kept, strict=True) if fine]
                self._seeds.setdefault(
                    table.oid, tuple(dict(row.values) for row in found)
                )

    def _accepted_rows(
        self, table: Table, rows: Sequence[Row], random: Random
    ) -> list[Row]:
        """Return rows of chance, each of which could be the first of its table."""
        values = [random_row(table, rows, random) for _ in range(_TRIED)]
        tried = [Row(table, each) for each in (plain_row(table), *values)]
        accepted = self._session.attempt([insert_row(row) for row in tried], kept=False)
        return [row for row, fine in zip(tried, accepted, strict=True) if fine]


def _loose_keys(
    table: Table, tables: Sequence[Table], links: Iterable[Link]
) -> Iterator[ForeignKey]:
    """Yield what a statement wants of a table, where no foreign key does it already."""
    known = {
        (name, key.target, target)
        for key in table.foreign_keys
        for name, target in zip(key.columns, key.target_columns, strict=True)
    }
    places = {each.oid: place for place, each in enumerate(tables)}
    for (oid, name), (target, target_name) in sorted(links):
        if oid != table.oid or (name, target, target_name) in known:
            continue
        column = table.column(name)
        is_same = (oid, name) == (target, target_name)
        # A row can only refer to what was stored before.
        if column is None or places.get(target, len(tables)) > places[oid]:
            continue
        if not (is_same and column.is_key):
            yield ForeignKey((name,), target, (target_name,), is_loose=True)


def _various(rows: Sequence[Row]) -> list[Row]:
    """Return a few rows in which as much as possible is seen, the shortest first."""
    left = {id(row): _features(row) for row in rows}
    kept: list[Row] = list(rows[:1])
    seen = set(left[id(rows[0])]) if rows else set()
    while len(kept) < _SEEDS:
        best = max(rows, key=lambda row: len(left[id(row)] - seen), default=None)
        if best is None or left[id(best)] <= seen:
            break
        kept.append(best)
        seen |= left[id(best)]
    return sorted(kept, key=lambda row: _complexity(row.values))


def _features(row: Row) -> set[tuple[str, Written]]:
    """Return what matters of a row: where it has NULL, and constants of conditions."""
    found: set[tuple[str, Written]] = set()
    for column in row.table.columns:
        value = row.values.get(column.name)
        known = value is None or value in column.constants
        found.add((column.name, value if known else ""))
    return found


def _complexity(values: Mapping[str, Written]) -> tuple[int, str]:
    return len(values), str(values)
