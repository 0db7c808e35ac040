"""Projects with a table whose history the tests begin."""

from __future__ import annotations

from pathlib import Path

import psycopg

from datalayer.history import AddedHistory, HistoryOptions, plan_history, write_history
from datalayer.server import Server

MIGRATIONS = Path(__file__).parent.parent / "migrations"

#: A column for each kind of value and each kind of name, with values of its own.
COLUMNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "i": ("integer", ("1", "-1")),
    "b": ("boolean", ("TRUE", "FALSE")),
    "t": ("text", ("''", "'ü'", "'$json'", "'a b'")),
    "ts": ("timestamptz", ("'2026-03-29 01:30+00'", "'infinity'")),
    "ts0": ("timestamp(3)", ("'2026-03-29 01:30:00.1234'", "'0044-03-15 BC'")),
    "d": ("date", ("'2026-02-28'", "'-infinity'")),
    "m": ("mood", ("'happy'", "'sad'")),
    "n": ("numeric", ("1", "1.0", "'NaN'")),
    "f": ("double precision", ("0", "'-0'", "0.1::float4", "'Infinity'")),
    "iv": ("interval", ("'1 month'", "'30 days'", "'1 day -1 s'")),
    "j": ("json", ("'null'", '\'{"a": 1, "a": 2}\'', "'{\"a\":2}'", "'[1.0]'")),
    "jb": ("jsonb", ("'null'", "'1'", "'1.0'", "'{\"$json\": 1}'", "'{}'", "'[]'")),
    "dd": ("document", ("'null'", '\'{"b": 1, "a": 2}\'', "'[\"$json\"]'")),
    "sh": ("short", ("'x'", "'y'")),
    "ci": ("citext", ("'Ada'", "'ada'")),
    "h": ("hstore", ("''", "'a=>1'", "'\"$json\"=>NULL'")),
    "ta": ("text[]", ("'{}'", "'{a,NULL}'", "'{{a},{b}}'", "'[0:0]={a}'", "'{a}'")),
    "tsa": ("timestamptz[]", ("'{2026-03-29 01:30+00}'",)),
    "r": ("tstzrange", ("'[2026-03-29 01:30+00,]'", "'empty'")),
    "c": ("spot", ("ROW(NULL, NULL, NULL, NULL)", "ROW(now(), 1, NULL, NULL)")),
    "bp": ("bpchar", ("'a'", "'a '")),
    "by": ("bytea", ("''", "'\\x00ff'")),
    "tv": ("tsvector", ("'a b'", "'b'")),
    "p": ("point", ("'(0,0)'", "'(0.1,1e300)'")),
    "mo": ("money", ("12.5", "-3")),
    "x": ("inet", ("'10.0.0.1/8'", "'10.0.0.1'")),
    "mr": ("datemultirange", ("'{}'", "'{[2026-01-02,2026-02-03)}'")),
    "Mixed Case": ("integer", ("1", "2")),
    "select": ("text", ("'x'", "'y'")),
    "a$function$b": ("integer", ("1", "2")),
    "it's": ("text", ("'it''s'", "'%s'")),
    "50%, or so": ("integer", ("50",)),
    "vb": ("varbit", ("b''", "b'101'")),
    "ja": ("jsonb[]", ("ARRAY['null', '1.0']::jsonb[]", "ARRAY[NULL, '1']::jsonb[]")),
    "big": ("text", ("repeat('x', 5000)", "repeat('y', 5000)")),
    "sc": ("spot", ("ROW(NULL, NULL, NULL, NULL)", "ROW(now(), 1, '[,]', '[1.0]')")),
}
DIGESTED = ("c", "by", "big")

_TYPES = """\
-- Types of all kinds, and a table that has a column of each.
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TYPE spot AS (
    at timestamptz, number integer, during tstzrange, "$json" jsonb
);
CREATE DOMAIN document AS jsonb;
CREATE DOMAIN short AS text CHECK (length(value) < 50);
"""


def quoted(name: str) -> str:
    """Return a name of these columns as SQL."""
    return f'"{name}"'


def nasty_sql() -> str:
    """Return the migration with the table of all types."""
    columns = [f"    {quoted(name)} {kind}" for name, (kind, _) in COLUMNS.items()]
    return (
        _TYPES
        + "CREATE TABLE nasty (\n    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),\n"
        + ",\n".join(columns)
        + ",\n    g integer GENERATED ALWAYS AS (i * 2) STORED,\n    seen timestamptz\n"
        + ");\n"
    )


#: The history of all its columns but one.
NASTY = HistoryOptions(
    "nasty",
    track=(*COLUMNS, "g"),
    digest=DIGESTED,
    ignore=("seen",),
    ref="ts",
    retain="30 days",
)


def write_project(folder: Path, **files: str) -> Path:
    """Write the migrations of a project, by the name without its number and suffix."""
    migrations = folder / "migrations"
    migrations.mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[tool.datalayer]\noutput = "app/queries"\n')
    for number, (name, text) in enumerate(files.items(), 1):
        (migrations / f"{number:03}_{name}.sql").write_text(text)
    return migrations


def add_history(
    migrations: Path, options: HistoryOptions, server: Server
) -> AddedHistory:
    """Write a history into a project."""
    added = plan_history(migrations, options, server_url=server.url())
    write_history(added)
    return added


def columns_of(connection: psycopg.Connection, table: str) -> list[str]:
    """Return the names of the columns of a table."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        (table,),
    ).fetchall()
    return [row[0] for row in rows]
