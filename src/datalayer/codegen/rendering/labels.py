"""The name of a query in the statement that is sent."""

from __future__ import annotations

from datalayer.codegen.rendering.layout import WIDTH
from datalayer.lexer import significant_tokens


def labelled(sql: str, name: str) -> str:
    """Return a statement with the name of its query behind the first word.

    `pg_stat_statements` leaves out what stands before the first word, since
    PostgreSQL 18, and `pg_stat_activity` what is far behind it.
    """
    end = next(significant_tokens(sql)).end
    before, after = f"{sql[:end]} /* {name} */", sql[end:]
    if _last_line(before) + len(after.split("\n", 1)[0]) > WIDTH:
        after = f"\n    {after.lstrip(' ')}"
    return f"{before}{after}\n"


def _last_line(text: str) -> int:
    return len(text.rsplit("\n", 1)[-1])
