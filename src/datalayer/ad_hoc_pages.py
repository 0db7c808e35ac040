"""What `order` and `cursor` mean for a query that is run with arguments as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.describe import Refusal, describe
from datalayer.codegen.keysets import bound_as
from datalayer.codegen.numbering import numbered
from datalayer.codegen.reading.source_text import quoted_list
from datalayer.codegen.rendering.naming import python_name
from datalayer.errors import ArgumentError
from datalayer.runtime import Page, Paging, at_most
from datalayer.runtime.paging import page_values, write_cursor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from datalayer.model import Ordering, QuerySource

_TYPE_NAMES = "SELECT oid, typname FROM pg_catalog.pg_type WHERE oid = ANY (%s)"


def own_arguments(source: QuerySource) -> tuple[str, ...]:
    """Return the names of the arguments that directives add."""
    ordering = source.ordering
    if ordering is None:
        return ()
    cursor = ("cursor",) if ordering.page else ()
    return (*cursor, "order") if ordering.orders else cursor


def chosen_order(
    source: QuerySource, arguments: Mapping[str, str | None]
) -> str | None:
    """Return the order that is asked for; raise `ArgumentError` for an unknown one."""
    ordering = source.ordering
    if ordering is None or not ordering.orders:
        return None
    order = arguments.get("order") or ordering.default
    known = [each.name for each in ordering.orders]
    if order not in known:
        raise ArgumentError(
            f"`{source.qualified_name}` has no order `{order}`",
            help=f"its orders: {quoted_list(known)}",
        )
    return order


def check_maxima(source: QuerySource, values: Mapping[str, str | None]) -> None:
    """Raise `InvalidLimit` for a number above its maximum."""
    for said in source.parameter_directives:
        text = values.get(said.name)
        if said.maximum is not None and text is not None and _is_number(text):
            at_most(said.maximum, said.name, int(text))


def values_of_page(
    connection: psycopg.Connection[tuple[object, ...]],
    source: QuerySource,
    values: Mapping[str, str | None],
    *,
    cursor: str | None,
    order: str | None,
) -> dict[str, object]:
    """Return the values of a statement that reads a page and one row more."""
    assert source.ordering is not None  # the caller asked
    limit = values[source.ordering.limit]
    if limit is None or not _is_number(limit):
        raise ArgumentError(
            f"the size of a page is `{limit}`",
            help=f"add `--arg {source.ordering.limit}=10`",
        )
    return page_values(
        source.qualified_name,
        _paging(connection, source, source.ordering),
        values,
        limit=int(limit),
        cursor=cursor,
        order=order or "",
    )


def page_of_rows(
    connection: psycopg.Connection[tuple[object, ...]],
    source: QuerySource,
    columns: Sequence[str],
    rows: Sequence[tuple[object, ...]],
    *,
    limit: int,
    order: str | None,
) -> Page[tuple[object, ...]]:
    """Return a page of rows, of which one more than the limit was read."""
    assert source.ordering is not None  # the caller asked
    items = list(rows[:limit])
    if len(rows) <= limit:
        return Page(items, None)
    row = dict(zip(columns, items[-1], strict=True))
    keys = [row[key.name] for key in source.ordering.keys_of(order)]
    paging = _paging(connection, source, source.ordering)
    return Page(
        items, write_cursor(source.qualified_name, paging, keys, order=order or "")
    )


def _paging(
    connection: psycopg.Connection[tuple[object, ...]],
    source: QuerySource,
    ordering: Ordering,
) -> Paging:
    """Return what the generated function says of its pages."""
    described = describe(connection, numbered(source).sql)
    columns = () if isinstance(described, Refusal) else described.columns
    oids = [column.type_oid for column in columns]
    names = {row[0]: str(row[1]) for row in connection.execute(_TYPE_NAMES, (oids,))}
    types = {column.name: names[column.type_oid] for column in columns}
    keys = {
        order: {
            python_name(key.name): bound_as(key, types.get(key.name, ""))
            for key in found
        }
        for order, found in ordering.keys
    }
    return Paging(keys=keys, limit=ordering.limit)


def _is_number(text: str) -> bool:
    return text.strip().lstrip("+-").isdecimal()
