"""What may have been meant by a name that PostgreSQL does not know."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg.rows import tuple_row

from datalayer.remedies import NEAR, near_word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from psycopg import Connection

    from datalayer.codegen.describe import Refusal

    #: Answers a question of the catalogue with its first column.
    Ask: TypeAlias = Callable[..., list[str]]
    #: Makes a suggestion of what PostgreSQL said, or none.
    Suggestion: TypeAlias = Callable[["Ask", re.Match[str]], str | None]

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of thing that has a name, and all there are of it."""

    noun: str
    question: LiteralString


_RELATION = _Kind(
    "relation",
    "SELECT relname::text FROM pg_catalog.pg_class"
    " WHERE relkind IN ('r', 'p', 'v', 'm', 'f')"
    " AND pg_catalog.pg_table_is_visible(oid)",
)
_FUNCTION = _Kind(
    "function",
    "SELECT DISTINCT proname::text FROM pg_catalog.pg_proc"
    " WHERE pg_catalog.pg_function_is_visible(oid)",
)
_TYPE = _Kind(
    "type",
    # By the names that people write, and without the types of arrays and rows.
    "SELECT pg_catalog.format_type(oid, NULL) FROM pg_catalog.pg_type"
    " WHERE pg_catalog.pg_type_is_visible(oid) AND typelem = 0 AND typtype <> 'p'",
)
_SCHEMA = _Kind(
    "schema",
    "SELECT nspname::text FROM pg_catalog.pg_namespace"
    " WHERE nspname !~ '^pg_(toast|temp)'",
)
_COLUMNS: LiteralString = (
    "SELECT DISTINCT pg_class.relname || '.' || attname::text"
    " FROM pg_catalog.pg_attribute"
    " INNER JOIN pg_catalog.pg_class ON pg_class.oid = attrelid"
    " WHERE attnum > 0 AND NOT attisdropped"
    " AND relnamespace::regnamespace::text NOT IN"
    " ('pg_catalog', 'pg_toast', 'information_schema')"
    " AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition"
)
_COLUMNS_OF_RELATION: LiteralString = (
    "SELECT attname::text FROM pg_catalog.pg_attribute"
    " INNER JOIN pg_catalog.pg_class ON pg_class.oid = attrelid"
    " WHERE attnum > 0 AND NOT attisdropped AND relname = %s"
    " AND pg_catalog.pg_table_is_visible(attrelid) ORDER BY attnum"
)
_SIGNATURES: LiteralString = (
    "SELECT proname || '(' || pg_catalog.pg_get_function_arguments(oid) || ')'"
    " FROM pg_catalog.pg_proc WHERE proname = %s"
    " AND pg_catalog.pg_function_is_visible(oid) ORDER BY pronargs, oid"
)
_LABELS: LiteralString = (
    "SELECT enumlabel::text FROM pg_catalog.pg_enum"
    " INNER JOIN pg_catalog.pg_type ON pg_type.oid = enumtypid"
    " WHERE typname = %s ORDER BY enumsortorder"
)
_OPERATORS: LiteralString = "SELECT DISTINCT oprname::text FROM pg_catalog.pg_operator"
#: What other languages write for an operator that PostgreSQL does not have.
_FOREIGN_OPERATORS = {
    "!==": "<>",
    "<=>": "IS NOT DISTINCT FROM",
    "=/=": "<>",
    "==": "=",
    "===": "=",
}


def suggest(
    connection: Connection[Any], refusal: Refusal, words: Sequence[str] = ()
) -> str | None:
    """Return what may have been meant by what does not exist, if anything comes near.

    `words` are those of the statement, among which are the names of its tables.
    """

    def ask(question: LiteralString, *values: str) -> list[str]:
        with psycopg.Cursor(connection, row_factory=tuple_row) as cursor:
            rows = cursor.execute(question, values or None, prepare=False).fetchall()
        return [str(row[0]) for row in rows]

    absent = re.search(r'missing FROM-clause entry for table "(.+)"', refusal.message)
    if absent:
        return near_word(absent[1], words)
    for said, suggestion in _SUGGESTIONS.get(refusal.sqlstate, ()):
        found = said.search(refusal.message)
        if found:
            return suggestion(ask, found)
    return None


def _named(kind: _Kind) -> Suggestion:
    """Return the suggestion of a thing of a kind with a name that comes near."""

    def suggestion(ask: Ask, found: re.Match[str]) -> str | None:
        candidates = sorted(ask(kind.question))
        near = difflib.get_close_matches(found["name"], candidates, n=1, cutoff=NEAR)
        return f"there is a {kind.noun} `{near[0]}`" if near else None

    return suggestion


def _function(ask: Ask, found: re.Match[str]) -> str | None:
    """Suggest other arguments for a function that exists, or else another name."""
    signatures = ask(_SIGNATURES, found["name"])
    if not signatures:
        near = _named(_FUNCTION)(ask, found)
        return near or "no function has this name: do the migrations create it?"
    shown = ", ".join(f"`{each}`" for each in signatures[:_SHOWN])
    more = len(signatures) - _SHOWN
    return f"there is {shown}{f' and {more} more' if more > 0 else ''}"


def _column(ask: Ask, found: re.Match[str]) -> str | None:
    # A column is known by its table, too: only its own name is compared.
    candidates = {each.rpartition(".")[2]: each for each in sorted(ask(_COLUMNS))}
    name = found["name"]
    if name in candidates:
        return f"`{candidates[name]}` is the column of a table that is not in FROM"
    near = difflib.get_close_matches(name, sorted(candidates), n=1, cutoff=NEAR)
    return f"there is a column `{candidates[near[0]]}`" if near else None


def _column_of_relation(ask: Ask, found: re.Match[str]) -> str | None:
    columns = ask(_COLUMNS_OF_RELATION, found["relation"])
    near = difflib.get_close_matches(found["name"], columns, n=1, cutoff=NEAR)
    if near:
        return f"there is a column `{found['relation']}.{near[0]}`"
    return f"it has {_listed(columns)}" if columns else None


def _label(ask: Ask, found: re.Match[str]) -> str | None:
    labels = ask(_LABELS, found["type"])
    near = difflib.get_close_matches(found["name"], labels, n=1, cutoff=NEAR)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"its labels are {_listed(labels)}" if labels else None


def _listed(names: Sequence[str], most: int = 10) -> str:
    rest = ", …" if len(names) > most else ""
    return ", ".join(f"`{name}`" for name in names[:most]) + rest


def _operator(ask: Ask, found: re.Match[str]) -> str | None:
    """Suggest an operator for one that has no meaning for any types."""
    name = found["name"]
    if name in ask(_OPERATORS):
        return None
    meant = _FOREIGN_OPERATORS.get(name)
    return f"did you mean `{meant}`?" if meant else f"there is no operator `{name}`"


#: How PostgreSQL says that it does not know something, by its SQLSTATE.
_SUGGESTIONS: dict[str, tuple[tuple[re.Pattern[str], Suggestion], ...]] = {
    # invalid_text_representation
    "22P02": (
        (
            re.compile(
                r'input value for enum (?:.*\.)?(?P<type>[^:]+): "(?P<name>.*)"'
            ),
            _label,
        ),
    ),
    # invalid_schema_name
    "3F000": (
        (re.compile(r'schema "(?P<name>[^"]+)" does not exist'), _named(_SCHEMA)),
    ),
    # undefined_column; PostgreSQL itself knows those of the tables in the query.
    "42703": (
        (
            re.compile(
                r'column "(?P<name>[^"]+)" of relation "(?P<relation>[^"]+)"'
                r" does not exist"
            ),
            _column_of_relation,
        ),
        (re.compile(r'column "?(?:.*\.)?(?P<name>[^".]+)"? does not exist'), _column),
    ),
    # undefined_object
    "42704": (
        (
            re.compile(r'type "(?:.*\.)?(?P<name>[^"]+?)(?:\[\])*" does not exist'),
            _named(_TYPE),
        ),
    ),
    # undefined_function
    "42883": (
        (
            re.compile(r"(?:function|procedure) (?:.*\.)?(?P<name>[^.(]+)\("),
            _function,
        ),
        (
            re.compile(r"operator does not exist: .*? ?(?P<name>[^\w\s\"\[\](),]+) "),
            _operator,
        ),
    ),
    # undefined_table
    "42P01": (
        (
            re.compile(r'relation "(?:.*\.)?(?P<name>[^"]+)" does not exist'),
            _named(_RELATION),
        ),
    ),
}
