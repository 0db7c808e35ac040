"""Which values and rows the constraints of tables let in, by trying."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from datalayer.codegen.type_catalog import TypeCatalog
from datalayer.proving.candidates import candidates_of, matching
from datalayer.proving.catalog import filling_order, read_table
from datalayer.proving.model import Candidates, Row, Table, TableColumn
from datalayer.proving.sql_text import insert_row, quote_literal, quote_name
from datalayer.proving.worlds import Filling, Values, plain_row, random_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datalayer.proving.session import Session

_ROUNDS, _BATCH, _SEEDS = 12, 20, 6


class Scout:
    """The tables of one database, each looked at once."""

    def __init__(self, session: Session, seed: int) -> None:
        """Remember whom to ask."""
        self._session = session
        self._seed = seed
        self._types = TypeCatalog(session.connection)
        self._tables: dict[int, Table] = {}
        self._seeds: dict[int, tuple[Values, ...]] = {}

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
            self._try_rows(tables)
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

    def candidates(self, type_oid: int, type_name: str) -> Candidates:
        """Return values of a type, for a parameter."""
        return self._accepted(candidates_of(self._types.find(type_oid)), type_name, ())

    def empty_tables(self) -> tuple[str, ...]:
        """Return the tables that took no row at all."""
        return tuple(
            sorted(self._tables[oid].name for oid, s in self._seeds.items() if not s)
        )

    def _with_candidates(self, column: TableColumn) -> TableColumn:
        known = candidates_of(self._types.find(column.type_oid))
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
        """Remember some rows of each table that were accepted together."""
        random = Random(f"{self._seed} {' '.join(table.name for table in tables)}")
        with self._session.connection.transaction(force_rollback=True):
            rows: list[Row] = []
            for table in tables:
                found = self._try_table(table, rows, random)
                rows += found
                self._seeds.setdefault(
                    table.oid,
                    tuple(sorted((dict(row.values) for row in found), key=_complexity)),
                )

    def _try_table(
        self, table: Table, rows: Sequence[Row], random: Random
    ) -> list[Row]:
        found: list[Row] = []
        for number in range(_ROUNDS):
            values = [random_row(table, [*rows, *found], random) for _ in range(_BATCH)]
            if number == 0:
                values[0] = plain_row(table)
            tried = [Row(table, each) for each in values]
            accepted = self._session.attempt([insert_row(row) for row in tried])
            found += [row for row, fine in zip(tried, accepted, strict=True) if fine]
            if len(found) >= _SEEDS:
                break
        return found[: 2 * _SEEDS]


def _complexity(values: Values) -> tuple[int, str]:
    return len(values), str(values)
