"""A project of many query files, each about a table of its own."""

from __future__ import annotations

from pathlib import Path

_FOLDERS = ("people", "sales", "stock", "web")
_SETTINGS = '[tool.datalayer]\noutput = "src/app/queries"\n'
_TYPE = "-- The tables.\nCREATE TYPE state AS ENUM ('new', 'open', 'done');\n"
_TABLE = """\
CREATE TABLE thing_{this} (
    thing_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    note text,
    state state NOT NULL DEFAULT 'new',
    price numeric(10, 2),
    created_at timestamptz NOT NULL DEFAULT now(),
    parent_id bigint REFERENCES thing_{other} (thing_id)
);
"""
#: Queries as people write them: rows, an outer join with optional filters, a value,
#: and two that write.
_QUERIES = """\
-- name: get_thing_{this}(thing_id)^
-- Return a thing, or nothing.
SELECT
    thing_id,
    name,
    note,
    state,
    price
FROM thing_{this}
WHERE thing_id = :thing_id;

-- name: list_things_{this}(state, since, row_limit)
-- List things with their parents, newest first.
SELECT
    thing_{this}.thing_id,
    thing_{this}.name,
    parent.name AS parent_name
FROM thing_{this}
LEFT JOIN thing_{other} AS parent ON parent.thing_id = thing_{this}.parent_id
WHERE
    thing_{this}.state = :state -- @optional
    AND thing_{this}.created_at >= :since -- @optional
ORDER BY thing_{this}.created_at DESC, thing_{this}.thing_id DESC
LIMIT :row_limit;

-- name: count_things_{this}(state)$
-- Return how many things have a state.
SELECT count(*) AS things FROM thing_{this} WHERE state = :state;

-- name: create_thing_{this}(name, note, price)<!
-- Create a thing; return it.
INSERT INTO thing_{this} (name, note, price)
VALUES (:name, :note, :price)
RETURNING thing_id, created_at;

-- name: update_thing_{this}(thing_id, name, state)!
-- Change a thing.
UPDATE thing_{this}
SET
    name = :name,
    state = :state
WHERE thing_id = :thing_id;
"""
QUERIES_A_FILE = _QUERIES.count("-- name:")


def write_project(root: Path, files: int) -> list[Path]:
    """Write a project with so many query files; return them."""
    (root / "pyproject.toml").write_text(_SETTINGS)
    tables = [_TABLE.format(this=n, other=max(0, n - 1)) for n in range(files)]
    migration = root / "migrations/app/001_tables.sql"
    migration.parent.mkdir(parents=True)
    migration.write_text("\n".join([_TYPE, *tables]))
    return [_write(root, number) for number in range(files)]


def edited(text: str, edit: int) -> str:
    """Return a query file with another statement in it for each edit."""
    before, _, rest = text.partition("SELECT\n")
    return f"{before}SELECT\n    -- Edit {edit}.\n{rest}"


def module_of(file: Path, root: Path) -> Path:
    """Return the module that is made of a query file, the last one that is written."""
    path = file.relative_to(root / "queries").with_suffix(".py")
    return root / "src/app/queries" / path


def _write(root: Path, number: int) -> Path:
    folder = _FOLDERS[number % len(_FOLDERS)]
    file = root / "queries" / folder / f"thing_{number}.sql"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_QUERIES.format(this=number, other=max(0, number - 1)))
    return file
