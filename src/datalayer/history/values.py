"""How each kind of value is compared and recorded, and which settings that needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.history.model import TrackedColumn, ValueKind
from datalayer.history.naming import quote_name

if TYPE_CHECKING:
    from datalayer.history.declaration import Declaration
    from datalayer.history.model import TrackedTable


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter of PostgreSQL that output functions look at."""

    value: str
    reason: str


#: In the order of the clauses.
SETTINGS = {
    "timezone": Setting(
        "UTC", "Times in JSON are written with the offset of the session's time zone."
    ),
    "datestyle": Setting(
        "ISO", "Dates inside ranges are written in the session's style."
    ),
    "intervalstyle": Setting(
        "postgres", "Intervals are written in the session's style."
    ),
    "extra_float_digits": Setting(
        "1", "Floating-point numbers are written with the session's digits."
    ),
    "bytea_output": Setting(
        "hex", "Binary strings are written in the session's format."
    ),
    "lc_monetary": Setting(
        "C", "Amounts of money are written in the session's format."
    ),
    "quote_all_identifiers": Setting(
        "off", "Names of objects are quoted as the session says."
    ),
}

_FLOAT = frozenset({"extra_float_digits"})
_NAMES = frozenset({"quote_all_identifiers"})
_JSON_SETTINGS = {
    "box": _FLOAT,
    "bytea": frozenset({"bytea_output"}),
    "circle": _FLOAT,
    "float4": _FLOAT,
    "float8": _FLOAT,
    "interval": frozenset({"intervalstyle"}),
    "line": _FLOAT,
    "lseg": _FLOAT,
    "money": frozenset({"lc_monetary"}),
    "path": _FLOAT,
    "point": _FLOAT,
    "polygon": _FLOAT,
    "regclass": _NAMES,
    "regcollation": _NAMES,
    "regconfig": _NAMES,
    "regdictionary": _NAMES,
    "regnamespace": _NAMES,
    "regoper": _NAMES,
    "regoperator": _NAMES,
    "regproc": _NAMES,
    "regprocedure": _NAMES,
    "regrole": _NAMES,
    "regtype": _NAMES,
    "timestamptz": frozenset({"timezone"}),
}
#: In JSON these are ISO 8601 whatever the style.
_STYLED_IN_TEXT = frozenset({"date", "timestamp", "timestamptz"})
#: Extensions whose types are text by nature.
_TEXTUAL_EXTENSION_TYPES = frozenset({"citext", "hstore", "lquery", "ltree"})
_IDENTITY_TYPES = frozenset(
    {
        "bool",
        "char",
        "date",
        "int2",
        "int4",
        "int8",
        "name",
        "oid",
        "pg_lsn",
        "text",
        "time",
        "timestamp",
        "timestamptz",
        "uuid",
        "varchar",
    }
)
_OPERATORS = {
    ValueKind.DOCUMENT: "*<>",
    ValueKind.IDENTITY: "IS DISTINCT FROM",
    ValueKind.JSON_TEXT: "IS DISTINCT FROM",
    ValueKind.OBJECT: "IS DISTINCT FROM",
    ValueKind.WRITTEN: "IS DISTINCT FROM",
}
_COMPARED = {
    ValueKind.DOCUMENT: "ROW({})::record",
    ValueKind.IDENTITY: "{}",
    ValueKind.JSON_TEXT: "{}::jsonb::text",
    ValueKind.OBJECT: "to_jsonb({})::text",
    ValueKind.WRITTEN: "to_jsonb({})::text",
}
_RECORDED = {
    ValueKind.DOCUMENT: "_jsonb_history_value({})",
    ValueKind.IDENTITY: "{}",
    ValueKind.JSON_TEXT: "_jsonb_history_value({}::jsonb)",
    ValueKind.OBJECT: "_jsonb_history_value(to_jsonb({}))",
    ValueKind.WRITTEN: "{}",
}
_DIGESTED = {
    ValueKind.DOCUMENT: "_jsonb_digest_summary({})",
    ValueKind.IDENTITY: "_jsonb_digest_summary(to_jsonb({}))",
    ValueKind.JSON_TEXT: "_jsonb_digest_summary({}::jsonb)",
    ValueKind.OBJECT: "_jsonb_digest_summary(to_jsonb({}))",
    ValueKind.WRITTEN: "_jsonb_digest_summary(to_jsonb({}))",
}


def kind_of_type(
    name: str,
    *,
    category: str,
    is_builtin: bool,
    is_deterministic: bool,
    casts_to_json: bool,
) -> ValueKind:
    """Return the kind for a type that is no domain; `category` is its `typtype`."""
    if is_builtin and name in ("json", "jsonb"):
        return ValueKind.DOCUMENT if name == "jsonb" else ValueKind.JSON_TEXT
    if category == "c" or casts_to_json:
        return ValueKind.OBJECT
    is_identity = is_builtin and name in _IDENTITY_TYPES and is_deterministic
    return ValueKind.IDENTITY if is_identity or category == "e" else ValueKind.WRITTEN


def settings_of_type(
    name: str, *, category: str, is_builtin: bool, in_text: bool
) -> frozenset[str]:
    """Return what the output of a type depends on, without that of its parts."""
    if category != "b":
        return frozenset()
    if not is_builtin:
        # What the output function of a stranger looks at is not known.
        known = name in _TEXTUAL_EXTENSION_TYPES
        return frozenset() if known else frozenset(SETTINGS)
    found = _JSON_SETTINGS.get(name, frozenset())
    return found | {"datestyle"} if in_text and name in _STYLED_IN_TEXT else found


def compared(column: TrackedColumn) -> tuple[str, str, str]:
    """Return both sides, and the operator between them that finds a change."""
    pattern = _COMPARED[column.kind]
    name = quote_name(column.name)
    old, new = pattern.format(f"old.{name}"), pattern.format(f"new.{name}")
    return old, _OPERATORS[column.kind], new


def recorded(column: TrackedColumn, row: str, *, digested: bool) -> str:
    """Return the expression for what history keeps of a column of a row."""
    pattern = (_DIGESTED if digested else _RECORDED)[column.kind]
    return pattern.format(f"{row}.{quote_name(column.name)}")


def is_always_inserted(column: TrackedColumn, *, digested: bool) -> bool:
    """Tell whether a tracked column is in every row of an INSERT, be it as null."""
    return column.kind in (ValueKind.IDENTITY, ValueKind.WRITTEN) and not digested


def needed_settings(table: TrackedTable, declaration: Declaration) -> tuple[str, ...]:
    """Return the settings that what is recorded would depend on, in order."""
    needed: set[str] = set()
    for name in (*declaration.track, *declaration.initial):
        needed |= table.column(name).json_settings
    if declaration.ref is not None:
        needed |= table.column(declaration.ref).text_settings
    return tuple(name for name in SETTINGS if name in needed)
