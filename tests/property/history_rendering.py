"""The SQL of programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from history_columns import CREATED, Column, Table
from history_language import (
    Assigned,
    Batch,
    Begin,
    Changes,
    Commit,
    Copy,
    Delete,
    Excluded,
    Failing,
    Insert,
    Merge,
    Release,
    Rollback,
    RollbackTo,
    Row,
    Same,
    Savepoint,
    Settings,
    Statement,
    Update,
)
from history_values import Value

_ROW_BREAK = "),\n("


def render(statement: Statement, base: int) -> str:
    """The SQL of a statement, whose keys count from a base."""
    return _RENDERERS[type(statement)](statement, base)


def render_settings(settings: Settings) -> str:
    """What puts a session into its settings, from any others."""
    lines = ["RESET ROLE"]
    lines += [f"SET {name} = {value}" for name, value in settings.values]
    if settings.as_writer:
        lines.append("SET ROLE history_writer")
    return ";\n".join(lines)


def copy_data(statement: Copy, base: int) -> str:
    """The rows of a COPY in its text format."""
    columns = _columns(statement.table, statement.rows)
    return "".join(
        "\t".join(
            [*_key_fields(statement.table, row.key, base, plain=True)]
            + [_copy_field(row.value(column)) for column in columns]
        )
        + "\n"
        for row in statement.rows
    )


def _copy_field(value: Value) -> str:
    if value.written is None:
        return "\\N"
    escaped = value.written.replace("\\", "\\\\")
    return escaped.replace("\t", "\\t").replace("\n", "\\n")


def _key_names(table: Table) -> list[str]:
    return ["id", "created"] if table.partitioned else ["id"]


def _key_fields(table: Table, key: int, base: int, *, plain: bool) -> list[str]:
    fields = [str(base + key)]
    if table.partitioned:
        fields.append(CREATED[key] if plain else f"'{CREATED[key]}'::timestamptz")
    return fields


def _columns(table: Table, rows: Iterable[Row]) -> list[Column]:
    given = {name for row in rows for name, _ in row.values}
    return [column for column in table.columns if column.name in given]


def _names(table: Table, columns: list[Column]) -> str:
    return ", ".join(_key_names(table) + [column.name for column in columns])


def _where(keys: Iterable[int], base: int) -> str:
    return f"WHERE target.id IN ({', '.join(str(base + key) for key in keys)})"


def _assigned(column: str, assigned: Assigned, source: str) -> str:
    if isinstance(assigned, Same):
        return f"{column} = {assigned.form.format(f'target.{column}')}"
    if isinstance(assigned, Excluded):
        return f"{column} = {source}.{column}"
    return f"{column} = {assigned.sql}"


def _set(changes: Changes, source: str = "excluded") -> str:
    return ", ".join(_assigned(column, to, source) for column, to in changes)


def _insert(statement: Insert, base: int) -> str:
    table = statement.table
    columns = _columns(table, statement.rows)
    rows = (
        ", ".join(
            _key_fields(table, row.key, base, plain=False)
            + [
                row.mapping()[c.name].sql if c.name in row.mapping() else "DEFAULT"
                for c in columns
            ]
        )
        for row in statement.rows
    )
    text = (
        f"INSERT INTO public.{table.name} AS target ({_names(table, columns)})\n"
        f"VALUES\n({_ROW_BREAK.join(rows)})"
    )
    if statement.conflict == "fail":
        return text
    if statement.conflict == "nothing":
        return f"{text}\nON CONFLICT DO NOTHING"
    keys = ", ".join(_key_names(table))
    return f"{text}\nON CONFLICT ({keys}) DO UPDATE SET {_set(statement.conflict)}"


def _copy(statement: Copy, base: int) -> str:
    columns = _columns(statement.table, statement.rows)
    names = _names(statement.table, columns)
    return f"COPY public.{statement.table.name} ({names}) FROM STDIN"


def _update(statement: Update, base: int) -> str:
    return (
        f"UPDATE public.{statement.table.name} AS target\n"
        f"SET {_set(statement.changes)}\n{_where(statement.keys, base)}"
    )


def _delete(statement: Delete, base: int) -> str:
    where = _where(statement.keys, base)
    return f"DELETE FROM public.{statement.table.name} AS target {where}"


def _merge(statement: Merge, base: int) -> str:
    table = statement.table
    columns = _columns(table, statement.rows)
    rows = (
        ", ".join(
            _key_fields(table, row.key, base, plain=False)
            + [f"{row.value(column).sql}::{column.sql_type}" for column in columns]
        )
        for row in statement.rows
    )
    names = _names(table, columns)
    keys = [f"target.{name} = source.{name}" for name in _key_names(table)]
    matched = {"nothing": "DO NOTHING", "delete": "DELETE"}
    action = (
        matched[statement.matched]
        if isinstance(statement.matched, str)
        else f"UPDATE SET {_set(statement.matched, 'source')}"
    )
    sources = ", ".join(f"source.{name}" for name in names.split(", "))
    return (
        f"MERGE INTO public.{table.name} AS target\n"
        f"USING (VALUES\n({_ROW_BREAK.join(rows)})) AS source ({names})\n"
        f"ON {' AND '.join(keys)}\n"
        f"WHEN MATCHED THEN {action}\n"
        f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({sources})"
    )


def _batch(statement: Batch, base: int) -> str:
    *parts, last = (render(part, base) for part in statement.parts)
    if not parts:
        return last
    named = ",\n".join(f"part_{i} AS (\n{part}\n)" for i, part in enumerate(parts))
    return f"WITH {named}\n{last}"


def _failing(statement: Failing, base: int) -> str:
    update = statement.update
    text = _update(update, base)
    table = f"public.{update.table.name}"
    counter, amount = ("retry_count", -1) if update.table.partitioned else ("port", 0)
    others = tuple(change for change in update.changes if change[0] != counter)
    broken = ", ".join([f"{counter} = {amount}", *filter(None, [_set(others)])])
    moved = f"id = id + 1000, {_set(update.changes)}"
    undone = f"{text}; RAISE EXCEPTION USING MESSAGE = 'undone'"
    head, where = f"UPDATE {table} AS target SET", _where(update.keys, base)
    return {
        "bad text": f"{text} AND '\"\\u0000\"'::jsonb IS NULL",
        "caught": f"DO $do$BEGIN {undone}; EXCEPTION WHEN others THEN NULL; END$do$",
        "check": f"{head} {broken}\n{where}",
        "key": f"{head} {moved}\n{where}",
        "later statement": f"{text};\nSELECT 1 / 0",
        "raise": f"DO $do$BEGIN {undone}; END$do$",
        "truncate": f"TRUNCATE {table}",
    }[statement.how]


_RENDERERS: dict[type, Callable[..., str]] = {
    Batch: _batch,
    Begin: lambda s, _: f"BEGIN ISOLATION LEVEL {s.isolation}",
    Commit: lambda s, _: "COMMIT",
    Copy: _copy,
    Delete: _delete,
    Failing: _failing,
    Insert: _insert,
    Merge: _merge,
    Release: lambda s, _: f"RELEASE SAVEPOINT {s.name}",
    Rollback: lambda s, _: "ROLLBACK",
    RollbackTo: lambda s, _: f"ROLLBACK TO SAVEPOINT {s.name}",
    Savepoint: lambda s, _: f"SAVEPOINT {s.name}",
    Update: _update,
}
