"""The text of the function that records the history of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.history.model import TrackedColumn, ValueKind
from datalayer.history.naming import history_names, quote_literal, quote_name
from datalayer.history.values import (
    SETTINGS,
    compared,
    is_always_inserted,
    needed_settings,
    recorded,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datalayer.history.declaration import Declaration
    from datalayer.history.model import TrackedTable

WIDTH = 88
#: A function takes 100 arguments at most.
_PAIRS = 50


def function_text(table: TrackedTable, declaration: Declaration) -> str:
    """Return the statements that create the function and close it to others."""
    name = quote_name(history_names(table.name).function)
    body = function_body(table, declaration)
    tag = _dollar_tag(body)
    lines = [
        f"CREATE FUNCTION {name}() RETURNS trigger",
        "LANGUAGE plpgsql",
        "SECURITY DEFINER",
        "SET search_path FROM CURRENT",
    ]
    for setting in needed_settings(table, declaration):
        lines.append(f"-- {SETTINGS[setting].reason}")
        lines.append(f"SET {setting} = {quote_literal(SETTINGS[setting].value)}")
    lines += [
        f"AS {tag}{body}{tag};",
        "-- Who may hang it on a table of their own could write any history.",
        f"REVOKE ALL ON FUNCTION {name}() FROM public;",
    ]
    return "\n".join(lines)


def function_body(table: TrackedTable, declaration: Declaration) -> str:
    """Return what stands between the dollar quotes."""
    lines = [
        "DECLARE",
        "    changed text[] := '{}';",
        "    old_fields jsonb := '{}';",
        "    new_fields jsonb := '{}';",
        "BEGIN",
        "    IF tg_op = 'UPDATE' THEN",
        *_indented(_update(table, declaration), 8),
        "    ELSIF tg_op = 'INSERT' THEN",
        *_indented(_insert(table, declaration), 8),
        "    ELSE",
        *_indented(_delete(table, declaration), 8),
        "    END IF;",
        "    RETURN NULL;",
        "END",
    ]
    return "\n" + "\n".join(lines) + "\n"


def _update(table: TrackedTable, declaration: Declaration) -> list[str]:
    tracked = [table.column(name) for name in declaration.track]
    lines = [*_image_comment(tracked), *_image_test(tracked)]
    for column in tracked:
        digested = column.name in declaration.digest
        lines += _change_test(column)
        lines.append(f"    changed := changed || {quote_literal(column.name)}::text;")
        for row, fields in (("old", "old_fields"), ("new", "new_fields")):
            value = recorded(column, row, digested=digested)
            lines += _indented(_append(fields, column.name, value, 12), 4)
        lines.append("END IF;")
    return [
        *lines,
        "-- A different image of the same value is no change.",
        "IF changed = '{}' THEN",
        "    RETURN NULL;",
        "END IF;",
        *_write(
            table,
            declaration,
            row="new",
            operation="UPDATE",
            values={
                "changed_fields": "changed",
                "old_values": "old_fields",
                "new_values": "new_fields",
            },
        ),
    ]


def _image_comment(tracked: Sequence[TrackedColumn]) -> list[str]:
    if any(column.kind is ValueKind.DOCUMENT for column in tracked):
        reason = "as are all jsonb values below: jsonb takes 1 for 1.0."
        return [f"-- Compared by image, {reason}"]
    return ["-- Compared by image, which is fast: most updates change none of these."]


def _image_test(tracked: Sequence[TrackedColumn]) -> list[str]:
    names = [quote_name(column.name) for column in tracked]
    return [
        "IF ROW(",
        *_listed(f"    old.{name}" for name in names),
        ")::record *= ROW(",
        *_listed(f"    new.{name}" for name in names),
        ")::record THEN",
        "    RETURN NULL;",
        "END IF;",
    ]


def _change_test(column: TrackedColumn) -> list[str]:
    old, operator, new = compared(column)
    line = f"IF {old} {operator} {new} THEN"
    if len(line) + 8 <= WIDTH:
        return [line]
    return [f"IF {old}", f"    {operator} {new}", "THEN"]


def _insert(table: TrackedTable, declaration: Declaration) -> list[str]:
    tracked = [table.column(name) for name in declaration.track]
    always: list[tuple[str, str]] = []
    sometimes: list[str] = []
    for column in tracked:
        digested = column.name in declaration.digest
        value = recorded(column, "new", digested=digested)
        if is_always_inserted(column, digested=digested):
            always.append((column.name, value))
        else:
            sometimes += _insert_unless_null(column, value)
    for column in (table.column(name) for name in declaration.initial):
        always.append((column.name, recorded(column, "new", digested=False)))
    lines = _build_object("new_fields", always) if always else []
    if sometimes:
        lines += ["-- What is not in the row of an INSERT was NULL.", *sometimes]
    return [
        *lines,
        *_write(
            table,
            declaration,
            row="new",
            operation="INSERT",
            values={"new_values": "new_fields"},
        ),
    ]


def _insert_unless_null(column: TrackedColumn, value: str) -> list[str]:
    # A composite is NOT NULL only if all its parts are.
    is_object = column.kind is ValueKind.OBJECT
    test = "IS DISTINCT FROM NULL" if is_object else "IS NOT NULL"
    return [
        f"IF new.{quote_name(column.name)} {test} THEN",
        *_indented(_append("new_fields", column.name, value, 12), 4),
        "END IF;",
    ]


def _delete(table: TrackedTable, declaration: Declaration) -> list[str]:
    return _write(table, declaration, row="old", operation="DELETE", values={})


def _write(
    table: TrackedTable,
    declaration: Declaration,
    *,
    row: str,
    operation: str,
    values: dict[str, str],
) -> list[str]:
    """Return the INSERT into the history of one row."""
    named = {
        "operation": quote_literal(operation),
        "entity_id": f"{row}.{quote_name(declaration.key)}",
    }
    if declaration.ref is not None:
        cast = "" if table.column(declaration.ref).is_text else "::text"
        named["entity_ref"] = f"{row}.{quote_name(declaration.ref)}{cast}"
    named |= values
    history = quote_name(history_names(table.name).history)
    return [
        *_in_parentheses(f"INSERT INTO {history} ", list(named), ""),
        *_in_parentheses("VALUES ", list(named.values()), ";"),
    ]


def _in_parentheses(before: str, items: Sequence[str], after: str) -> list[str]:
    inside = ", ".join(items)
    line = f"{before}({inside}){after}"
    if len(line) + 8 <= WIDTH:
        return [line]
    if len(inside) + 12 <= WIDTH:
        return [f"{before}(", f"    {inside}", f"){after}"]
    return [f"{before}(", *_listed(f"    {item}" for item in items), f"){after}"]


def _build_object(target: str, pairs: Sequence[tuple[str, str]]) -> list[str]:
    lines = [f"{target} := jsonb_build_object("]
    for start in range(0, len(pairs), _PAIRS):
        part = pairs[start : start + _PAIRS]
        if start:
            lines.append(") || jsonb_build_object(")
        lines += _listed(f"    {quote_literal(name)}, {value}" for name, value in part)
    return [*lines, ");"]


def _append(target: str, name: str, value: str, indent: int) -> list[str]:
    """Return the assignment that adds a field, in as few lines as fit."""
    literal = quote_literal(name)
    call = f"jsonb_build_object({literal}, {value})"
    pair = f"        {literal}, {value}"
    parts = [pair] if len(pair) + indent <= WIDTH else [
        f"        {literal},",
        f"        {value}",
    ]  # fmt: skip
    forms = (
        [f"{target} := {target} || {call};"],
        [f"{target} := {target}", f"    || {call};"],
    )
    for form in forms:
        if max(map(len, form)) + indent <= WIDTH:
            return form
    return [f"{target} := {target}", "    || jsonb_build_object(", *parts, "    );"]


def _listed(items: Iterable[str]) -> list[str]:
    lines = list(items)
    return [f"{line}," for line in lines[:-1]] + lines[-1:]


def _indented(lines: Iterable[str], width: int) -> list[str]:
    return [" " * width + line for line in lines]


def _dollar_tag(body: str) -> str:
    tag, number = "$function$", 0
    while tag in body:
        number += 1
        tag = f"$function{number}$"
    return tag
