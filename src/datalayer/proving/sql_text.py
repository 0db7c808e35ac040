"""Rows and calls as SQL text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.proving.model import Row, Written

# https://www.postgresql.org/docs/current/sql-keywords-appendix.html: reserved ones.
_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        "all analyse analyze and any array as asc asymmetric authorization "
        "binary both case cast check collate collation column concurrently "
        "constraint create cross current_catalog current_date current_role "
        "current_schema current_time current_timestamp current_user default "
        "deferrable desc distinct do else end except false fetch for foreign "
        "freeze from full grant group having ilike in initially inner intersect "
        "into is isnull join lateral leading left like limit localtime "
        "localtimestamp natural not notnull null offset on only or order outer "
        "overlaps placing primary references returning right select "
        "session_user similar some symmetric system_user table tablesample then "
        "to trailing true union unique user using variadic verbose when where "
        "window with ",
    )
)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_PREPARABLE = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*"
    r"(?:select|insert|update|delete|merge|with|values|table)\b",
    re.IGNORECASE | re.DOTALL,
)
# Types that are of one place when they stand by themselves.
_WHOLE = re.compile(r"^(bit|character)(?=\[|$)")
_PLACEHOLDER = re.compile(r"\$(\d+)")


def quote_name(name: str) -> str:
    """Return a name as SQL, in quotes where they are needed."""
    if _PLAIN.fullmatch(name) and name not in _KEYWORDS:
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def quote_literal(value: Written) -> str:
    """Return a value as SQL; None is NULL."""
    if value is None:
        return "NULL"
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def insert_row(row: Row) -> str:
    """Return the statement that inserts a row."""
    table = row.table.name
    if not row.values:
        return f"INSERT INTO {table} DEFAULT VALUES"
    names = ", ".join(map(quote_name, row.values))
    values = ", ".join(map(quote_literal, row.values.values()))
    identities = {each.name for each in row.table.columns if each.is_identity}
    # Lets a column that is GENERATED ALWAYS AS IDENTITY take a value.
    overriding = "OVERRIDING SYSTEM VALUE " if identities & set(row.values) else ""
    return f"INSERT INTO {table} ({names}) {overriding}VALUES ({values})"


def call_statement(sql: str, arguments: Sequence[Written]) -> str:
    """Return a statement with `$1`, … as SQL that runs with these arguments."""
    text = sql.strip()
    if "--" in text.rpartition("\n")[2]:
        # A comment would hide the semicolon.
        text += "\n"
    if not arguments:
        return f"{text};"
    values = ", ".join(map(quote_literal, arguments))
    if _PREPARABLE.match(text):
        return f"PREPARE proof AS\n{text};\nEXECUTE proof ({values});"

    def value(match: re.Match[str]) -> str:
        return quote_literal(arguments[int(match[1]) - 1])

    return f"{_PLACEHOLDER.sub(value, text)};"


def unlimited(type_name: str) -> str:
    """Return a type's name with which a cast leaves a value as long as it is."""
    return _WHOLE.sub(r'"\1"', type_name).replace("character", "bpchar")


def inlined(sql: str, arguments: Sequence[Written], types: Sequence[str]) -> str:
    """Return a statement with `$1`, … in which the arguments are written themselves."""

    def value(match: re.Match[str]) -> str:
        place = int(match[1]) - 1
        return f"({quote_literal(arguments[place])}::{unlimited(types[place])})"

    return _PLACEHOLDER.sub(value, sql)


def reproduction(statements: Sequence[str], call: str) -> str:
    """Return SQL that fills the tables, runs the statement and takes all back."""
    lines = ["BEGIN;", *(f"{each};" for each in statements), call, "ROLLBACK;"]
    return "\n".join(lines)
