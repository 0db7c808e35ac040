"""The language of the programs that change tables whose history is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from history_columns import Column, Table
from history_values import NULL, Value, string


@dataclass(frozen=True, slots=True)
class Same:
    """The value that the column has, written again."""

    #: SQL with `{0}` in the place of the column.
    form: str = "{0}"


@dataclass(frozen=True, slots=True)
class Excluded:
    """The value of the row that an upsert or MERGE came with."""


Assigned: TypeAlias = "Value | Same | Excluded"
#: Pairs of a column and what it is set to.
Changes: TypeAlias = "tuple[tuple[str, Assigned], ...]"


@dataclass(frozen=True, slots=True)
class Row:
    """A row to insert; columns that are not given have their defaults."""

    key: int
    values: tuple[tuple[str, Value], ...]

    def mapping(self) -> Mapping[str, Value]:
        return dict(self.values)

    def value(self, column: Column) -> Value:
        found = self.mapping().get(column.name)
        if found is not None:
            return found
        if column.default is None:
            return NULL
        quoted = column.default.startswith('"')
        return (
            string(column.default.strip('"'))
            if quoted
            else Value(column.default, column.default)
        )


@dataclass(frozen=True, slots=True)
class Insert:
    table: Table
    rows: tuple[Row, ...]
    #: What happens where the key exists: it fails, nothing, or changes.
    conflict: Literal["fail", "nothing"] | Changes = "fail"

    @property
    def keys(self) -> tuple[int, ...]:
        return tuple(row.key for row in self.rows)


@dataclass(frozen=True, slots=True)
class Copy:
    table: Table
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Update:
    table: Table
    keys: tuple[int, ...]
    changes: Changes


@dataclass(frozen=True, slots=True)
class Delete:
    table: Table
    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    table: Table
    rows: tuple[Row, ...]
    #: What happens to a row that exists.
    matched: Literal["nothing", "delete"] | Changes

    @property
    def keys(self) -> tuple[int, ...]:
        return tuple(row.key for row in self.rows)


@dataclass(frozen=True, slots=True)
class Batch:
    """One statement with data-modifying CTEs; no two parts have a key in common."""

    parts: tuple[Insert | Update | Delete, ...]


#: How a statement fails: in every case, if a row is hit, or behind a handler.
Failure: TypeAlias = Literal[
    "later statement", "raise", "bad text", "truncate", "check", "key", "caught"
]


@dataclass(frozen=True, slots=True)
class Failing:
    """An UPDATE that leaves no effect, because of what comes with it or after it."""

    update: Update
    how: Failure


@dataclass(frozen=True, slots=True)
class Tidy:
    """Partitions are made, rows moved to them, chunks compressed; nothing changes."""


Isolation: TypeAlias = Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


@dataclass(frozen=True, slots=True)
class Begin:
    isolation: Isolation = "READ COMMITTED"


@dataclass(frozen=True, slots=True)
class Commit:
    pass


@dataclass(frozen=True, slots=True)
class Rollback:
    pass


@dataclass(frozen=True, slots=True)
class Savepoint:
    name: str


@dataclass(frozen=True, slots=True)
class RollbackTo:
    name: str


@dataclass(frozen=True, slots=True)
class Release:
    name: str


Control: TypeAlias = "Begin | Commit | Rollback | Savepoint | RollbackTo | Release"
Writing: TypeAlias = "Insert | Copy | Update | Delete | Merge | Batch | Failing"
Statement: TypeAlias = "Writing | Control | Tidy"


@dataclass(frozen=True, slots=True)
class Step:
    session: int
    statement: Statement


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session is set to, and whether it writes as somebody without rights."""

    values: tuple[tuple[str, str], ...]
    as_writer: bool


@dataclass(frozen=True, slots=True)
class Program:
    steps: tuple[Step, ...]
    #: For each session; the program runs once under each.
    settings: tuple[Settings, Settings]
    other_settings: tuple[Settings, Settings]

    @property
    def sessions(self) -> int:
        return 1 + max((step.session for step in self.steps), default=0)
