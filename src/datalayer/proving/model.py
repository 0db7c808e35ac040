"""The values that the parts of a proof hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from datalayer.runtime.unset import Unset

#: A value as PostgreSQL reads it between quotes; None is NULL.
Written: TypeAlias = str | None
#: An argument; `UNSET` is one that is not given.
Given: TypeAlias = Written | Unset


@dataclass(frozen=True, slots=True)
class Candidates:
    """Values worth trying: those that most rules let in, and those at the edges."""

    common: tuple[str, ...] = ()
    exotic: tuple[str, ...] = ()

    @property
    def weighted(self) -> tuple[str, ...]:
        """Return all, the common ones three times."""
        return self.common + self.exotic + self.common * 2


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column that rows can give a value."""

    name: str
    type_oid: int
    #: As in a definition: `character varying(20)`.
    type_name: str
    accepts_null: bool
    has_default: bool
    is_identity: bool
    #: Whether rows are found, told apart or referred to by it.
    is_key: bool
    #: Constants in its constraints and its default.
    constants: tuple[str, ...] = ()
    #: The conditions that look at this column alone.
    checks: tuple[str, ...] = ()
    candidates: Candidates = Candidates()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns whose values are those of a row of another table, or of the same."""

    columns: tuple[str, ...]
    target: int
    target_columns: tuple[str, ...]
    #: Whether only a statement compares them, and no constraint.
    is_loose: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table that rows can be put into."""

    oid: int
    #: As SQL writes it, with its schema where the search path does not lead to it.
    name: str
    columns: tuple[TableColumn, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()

    def column(self, name: str) -> TableColumn | None:
        """Return a column by its name."""
        return next((each for each in self.columns if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Row:
    """A row to insert; a column that is not named gets its default."""

    table: Table
    values: Mapping[str, Written]


@dataclass(frozen=True, slots=True)
class RowDraw:
    """What chance decides about a row."""

    #: Which of the rows known to be accepted it is made from.
    seed: int
    #: Columns with other values; no value at all is the default.
    changes: tuple[tuple[str, tuple[Written, ...]], ...]
    #: For each foreign key, which of the possible rows.
    links: tuple[int, ...]
    #: Whether it is like the row before it, but for its keys.
    is_twin: bool = False


@dataclass(frozen=True, slots=True)
class Witness:
    """Rows and arguments with which a query returns something."""

    rows: tuple[Row, ...]
    arguments: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """What chance decides about one run of a query."""

    #: For each table, in the order in which they are filled.
    rows: tuple[tuple[RowDraw, ...], ...]
    #: Where arguments come from: `mixed`; `plain`, which leaves what need not be said;
    #: `row`, one row of each table; or `seed`, a row that could be stored.
    source: str
    #: Which row of each table that is.
    focus: int
    #: For each parameter, which of its candidates.
    arguments: tuple[int, ...]
    #: Rows and arguments that are known to give a row, to be taken instead.
    witness: Witness | None = None
    #: Where such rows are changed: which row, and which of the values it could have.
    edits: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that an annotation says; `where` is empty for the rows themselves."""

    where: str
    kind: str


@dataclass(frozen=True, slots=True)
class Lie:
    """A claim that does not hold, and the SQL that shows it."""

    claim: Claim
    message: str
    #: In which function it was noticed: `sync` or `async`, or `sync stream`.
    flavour: str
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A lie, and the rows and arguments by which it was seen."""

    lie: Lie
    example: Witness


@dataclass(slots=True)
class QueryProof:
    """What was seen of one query."""

    name: str
    source: str
    lies: list[Lie] = field(default_factory=list)
    #: Calls of either function, and those that the database refused.
    runs: int = 0
    refused: int = 0
    rows: int = 0
    #: Columns that may be NULL, and those that were.
    nullable: frozenset[str] = frozenset()
    seen_null: set[str] = field(default_factory=set)
    #: Columns whose annotation cannot be checked.
    unchecked: frozenset[str] = frozenset()
    #: Whether its function promises anything about rows.
    has_rows: bool = True
    #: Whether Ctrl-C ended it early.
    is_interrupted: bool = False
    #: Why nothing was tried, if so.
    skipped: str | None = None

    @property
    def is_exercised(self) -> bool:
        """Tell whether a row came back, or where none can, whether it ever ran."""
        if self.has_rows:
            return self.rows > 0
        return self.runs > self.refused


@dataclass(slots=True)
class Proof:
    """What was seen of all queries."""

    queries: list[QueryProof] = field(default_factory=list)
    #: Tables that took no row.
    empty_tables: tuple[str, ...] = ()
    #: Queries for which the time did not suffice.
    left: tuple[str, ...] = ()

    @property
    def lies(self) -> list[tuple[QueryProof, Lie]]:
        """Return every lie with its query."""
        return [(query, lie) for query in self.queries for lie in query.lies]
