"""Names of what belongs to a history, and names as SQL."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

#: PostgreSQL cuts names off after so many bytes.
NAME_LIMIT = 63
#: What is put around a table's name takes up to 28 bytes: `_history_` and the bounds of
#: a partition, `_history_operation_is_known`, `idx_` and `_history_changed_fields`.
_STEM_LIMIT = NAME_LIMIT - 28
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")

#: https://www.postgresql.org/docs/current/sql-keywords-appendix.html, those that cannot
#: name a table, and the words at which PL/pgSQL takes an expression to end.
_KEYWORD_LIST = """
all analyse analyze and any array as asc asymmetric authorization begin binary both by
case cast check collate collation column concurrently constraint create cross
current_catalog current_date current_role current_schema current_time current_timestamp
current_user declare default deferrable desc distinct do else end except execute false
fetch for foreach foreign freeze from full grant group having if ilike in initially
inner intersect into is isnull join lateral leading left like limit localtime
localtimestamp loop natural not notnull null offset on only or order outer overlaps
placing primary references returning right select session_user similar some strict
symmetric system_user table tablesample then to trailing true union unique user using
variadic verbose when where while window with
"""
_KEYWORDS = frozenset(_KEYWORD_LIST.split())


@dataclass(frozen=True, slots=True)
class HistoryNames:
    """The names of one history; all but the files are without quotes."""

    history: str
    function: str
    trigger: str
    refuse_key_change: str
    refuse_truncate: str
    append_only: str

    @property
    def default_partition(self) -> str:
        """Return the partition for rows that have no other yet."""
        return f"{self.history}_default"

    @property
    def primary_key(self) -> str:
        """Return the constraint."""
        return f"{self.history}_pkey"

    @property
    def operation_check(self) -> str:
        """Return the constraint."""
        return f"{self.history}_operation_is_known"

    @property
    def fields_check(self) -> str:
        """Return the constraint."""
        return f"{self.history}_fields_are_named"

    def index(self, purpose: str) -> str:
        """Return the index for a purpose."""
        return f"idx_{self.history}_{purpose}"


def history_names(table: str) -> HistoryNames:
    """Return the names for a table; long ones are cut, and a hash keeps them apart."""
    stem = table
    if len(table.encode()) > _STEM_LIMIT:
        digest = hashlib.md5(table.encode(), usedforsecurity=False).hexdigest()[:8]
        kept = table.encode()[: _STEM_LIMIT - 9].decode(errors="ignore")
        stem = f"{kept}_{digest}"
    return HistoryNames(
        history=f"{stem}_history",
        function=f"record_{stem}_history",
        trigger=f"{stem}_history_trigger",
        refuse_key_change=f"{stem}_history_refuse_key_change",
        refuse_truncate=f"{stem}_history_refuse_truncate",
        append_only=f"{stem}_history_append_only",
    )


def quote_name(name: str) -> str:
    """Return a name as SQL, with quotes only where they are needed."""
    if _PLAIN.fullmatch(name) and name not in _KEYWORDS:
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def quote_literal(text: str) -> str:
    """Return a string as SQL."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def unquote_name(text: str) -> str:
    """Return the name that `quote_name` was given."""
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
