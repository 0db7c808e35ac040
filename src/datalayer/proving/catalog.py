"""The tables of a database, as they are filled."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalayer.proving import questions
from datalayer.proving.candidates import constants_in
from datalayer.proving.model import ForeignKey, Table, TableColumn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import Connection


@dataclass(slots=True)
class _Constraints:
    """What the constraints of a table say of its columns."""

    keys: set[str] = field(default_factory=set)
    checks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    constants: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    foreign_keys: list[ForeignKey] = field(default_factory=list)


def read_table(connection: Connection[Any], oid: int) -> Table:
    """Return a table with all that its rows must obey, as far as the catalogue says."""
    found = connection.execute(questions.TABLE_NAME, (oid,)).fetchone()
    assert found is not None
    constraints = _read_constraints(connection, oid)
    columns = tuple(
        TableColumn(
            name=name,
            type_oid=type_oid,
            type_name=type_name,
            accepts_null=accepts_null,
            has_default=has_default,
            is_identity=is_identity,
            is_key=name in constraints.keys,
            constants=_unique(
                constraints.constants[name] + list(constants_in(default or ""))
            ),
            checks=tuple(constraints.checks[name]),
        )
        for (
            name,
            type_oid,
            type_name,
            accepts_null,
            has_default,
            is_identity,
            default,
        ) in connection.execute(questions.COLUMNS, (oid,))
    )
    return Table(oid, found[0], columns, tuple(constraints.foreign_keys))


def _read_constraints(connection: Connection[Any], oid: int) -> _Constraints:
    found = _Constraints()
    for kind, names, target, targets, condition in connection.execute(
        questions.CONSTRAINTS, (oid,)
    ):
        if kind == "c":
            for name in names:
                found.constants[name] += constants_in(condition)
            if len(names) == 1:
                found.checks[names[0]].append(condition)
            continue
        found.keys.update(names)
        if kind == "f":
            found.foreign_keys.append(ForeignKey(tuple(names), target, tuple(targets)))
    for (name,) in connection.execute(questions.KEY_COLUMNS, {"oid": oid}):
        found.keys.add(name)
    for name, bounds in connection.execute(questions.PARTITION_BOUNDS, {"oid": oid}):
        found.constants[name] += constants_in(bounds)[-4:]
    return found


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def filling_order(tables: dict[int, Table]) -> tuple[Table, ...]:
    """Return tables after those that they refer to, as far as that is possible."""
    ordered: dict[int, Table] = {}
    under_way: set[int] = set()

    def visit(oid: int) -> None:
        if oid in ordered or oid in under_way or oid not in tables:
            return
        under_way.add(oid)
        for key in tables[oid].foreign_keys:
            visit(key.target)
        ordered[oid] = tables[oid]

    for oid in sorted(tables, key=lambda each: tables[each].name):
        visit(oid)
    return tuple(ordered.values())
