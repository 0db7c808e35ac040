"""What the generator knows of a tracked table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ValueKind(Enum):
    """How the values of a column are compared and recorded."""

    #: Equal values are written alike: integers, text, enums, times.
    IDENTITY = "identity"
    #: `jsonb`: compared by image, because it takes 1 for 1.0.
    DOCUMENT = "document"
    #: `json`: compared and recorded as `jsonb`.
    JSON_TEXT = "json text"
    #: Becomes an object of JSON: composites, and what has a cast to `json`.
    OBJECT = "object"
    #: All others: compared by what is recorded.
    WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class TrackedColumn:
    """One column, with what its type means for history."""

    name: str
    #: As PostgreSQL writes it, with its length.
    type: str
    kind: ValueKind = ValueKind.IDENTITY
    is_text: bool = False
    is_not_null: bool = False
    #: Computed when read, so that triggers see NULL.
    is_virtual: bool = False
    #: As SQL, where it is not that of the type.
    collation: str | None = None
    #: Settings that its JSON depends on, and those that its text depends on.
    json_settings: frozenset[str] = frozenset()
    text_settings: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TrackedTable:
    """A table whose changes are kept."""

    schema: str
    name: str
    columns: tuple[TrackedColumn, ...]
    primary_key: tuple[str, ...] = ()
    #: The columns of every unique index, the primary key among them.
    unique_columns: frozenset[str] = frozenset()
    #: Whether the migrations find the table without naming its schema.
    is_in_path: bool = True
    is_partitioned: bool = False

    def column(self, name: str) -> TrackedColumn:
        """Return the column of a name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Return the names of all columns in the order of the table."""
        return tuple(column.name for column in self.columns)
