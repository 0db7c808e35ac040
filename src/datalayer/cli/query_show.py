"""What `datalayer query --show` says about a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from datalayer.cli.output import console, print_json
from datalayer.codegen.numbering import numbered
from datalayer.lexer import TokenKind, tokens
from datalayer.model import Operation, PartKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.model import OptionalPart, QuerySource

#: What goes with another part says nothing of its own.
_UNSAID = {PartKind.KEYSET, PartKind.SEPARATOR}


def show_query(source: QuerySource, *, as_json: bool) -> None:
    """Print the whole statement as it is sent, and what of it can go.

    All of it is SQL, so that psql and editors can read it from a pipe.
    """
    if as_json:
        print_json(_as_data(source))
        return
    sql, order = _statement(source)
    console.print(f"{sql}{_end(source, sql)}", markup=False)
    for line in _notes(source, order):
        console.print(Text(f"-- {line}", style="dim"))


def _end(source: QuerySource, sql: str) -> str:
    """Return the semicolon, which must not become a part of a comment."""
    if source.operation is Operation.SCRIPT:
        return ""
    *_, last = tokens(sql)
    return "\n;" if last.kind is TokenKind.LINE_COMMENT else ";"


def _statement(source: QuerySource) -> tuple[str, tuple[str, ...]]:
    """Return what is sent, and the parameters behind its numbers."""
    if source.operation is Operation.SCRIPT:
        return source.sql, ()
    statement = numbered(source)
    return statement.sql, statement.order


def _notes(source: QuerySource, order: tuple[str, ...]) -> Iterator[str]:
    yield f"{source.qualified_name} at {source.location.path}:{source.location.line}"
    for number, name in enumerate(order, 1):
        yield f"${number} is {name}"
    for part in _parts(source):
        yield f"without {_condition(part)} this goes: {_text(source, part)}"
    ordering = source.ordering
    for each in ordering.orders if ordering else ():
        default = ", as written" if ordering and each.name == ordering.default else ""
        yield f"in the order {each.name}{default}: {each.sql}"
    for fragment in source.fragments:
        place = fragment.location
        yield f"with the fragment {fragment.name} at {place.path}:{place.line}"


def _parts(source: QuerySource) -> list[OptionalPart]:
    return [part for part in source.optional_parts if part.kind not in _UNSAID]


def _condition(part: OptionalPart) -> str:
    """Return which arguments have to be missing: one of these, or all of those."""
    return " or ".join(part.all_of) or " and ".join(part.any_of)


def _text(source: QuerySource, part: OptionalPart) -> str:
    """Return a part in one line, as the author wrote it."""
    return " ".join(source.sql[part.start : part.end].split())


def _as_data(source: QuerySource) -> dict[str, object]:
    sql, order = _statement(source)
    ordering = source.ordering
    return {
        "name": source.qualified_name,
        "operation": source.operation.name.lower(),
        "source": str(source.location),
        "documentation": source.documentation,
        "sql": sql,
        "parameters": order,
        "optional": [
            {
                "text": _text(source, part),
                "needs_all_of": part.all_of,
                "needs_one_of": part.any_of,
            }
            for part in _parts(source)
        ],
        "orders": {each.name: each.sql for each in ordering.orders} if ordering else {},
        "fragments": [
            {"name": fragment.name, "source": str(fragment.location)}
            for fragment in source.fragments
        ],
    }
