"""Whether the keys of a paged query lead through all of its rows, and by an index."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datalayer.codegen.describe import Refusal, describe
from datalayer.codegen.inference import infer
from datalayer.codegen.keysets import CURSOR
from datalayer.codegen.numbering import numbered
from datalayer.codegen.pieces import variants_of
from datalayer.codegen.shape_checks import finding_of
from datalayer.errors import DirectiveError
from datalayer.location import excerpt
from datalayer.model import SqlType, TypeKind, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from datalayer.codegen.catalog import Catalog
    from datalayer.model import Finding, Ordering, QueryShape, SortKey

#: Types whose values, written by `str()`, PostgreSQL reads as the same values.
_KEY_TYPES = frozenset(
    {
        *("bool", "bpchar", "date", "float4", "float8", "int2", "int4", "int8", "name"),
        *("numeric", "oid", "text", "time", "timestamp", "timestamptz", "timetz"),
        *("uuid", "varchar"),
    }
)


def check_pages(
    connection: Connection[Any], catalog: Catalog, shape: QueryShape
) -> QueryShape:
    """Return a shape with findings about its pages; raise `DirectiveError`.

    Each key is a column of the result that is never NULL.
    """
    ordering = shape.source.ordering
    if ordering is None or ordering.page is None:
        return shape
    _check_parameters(shape)
    found: list[Finding] = []
    for name, keys in ordering.keys:
        for key in keys:
            _check_key(shape, ordering, key)
        found += _findings(connection, catalog, shape, name or None)
    return replace(shape, findings=(*shape.findings, *dict.fromkeys(found)))


def _check_parameters(shape: QueryShape) -> None:
    for name in shape.source.parameters:
        if name == CURSOR or name.startswith(f"{CURSOR}_"):
            raise _error(
                shape, f"`{name}` is what pages add themselves", "rename the parameter"
            )


def _check_key(shape: QueryShape, ordering: Ordering, key: SortKey) -> None:
    column = next((each for each in shape.columns if each.name == key.name), None)
    if column is None:
        raise _error(
            shape, f"the result has no column `{key.name}`", "add it to the SELECT list"
        )
    if column.nullable:
        raise _error(
            shape,
            f"`{key.name}` can be NULL, and no row comes behind NULL",
            "order by a column that is never NULL, or by one made with `coalesce`",
        )
    if not _is_key_type(column.type):
        raise _error(
            shape,
            f"`{key.name}` is `{column.type.name}`, which no cursor holds",
            "order by a number, a text, a time or a uuid",
        )


def _is_key_type(type_: SqlType) -> bool:
    if type_.kind is TypeKind.ENUM:
        return True
    return type_.schema == "pg_catalog" and type_.name in _KEY_TYPES


def _findings(
    connection: Connection[Any], catalog: Catalog, shape: QueryShape, order: str | None
) -> Iterator[Finding]:
    source = shape.source
    assert source.ordering is not None  # the caller asked
    assert source.ordering.page is not None
    location = source.ordering.page.location
    of_order = f" in the order `{order}`" if order else ""
    everything = replace(variants_of(source)[0], order=order)
    if not _is_unique(connection, catalog, shape, replace(everything, ties=True)):
        yield finding_of(
            "uncertain-page-keys",
            location,
            f"two rows of `{source.name}` may have equal keys{of_order}",
        )
    for given in {everything.given & {f"{CURSOR}_1"}, everything.given}:
        if _sorts(connection, shape, Variant(given, order)):
            yield finding_of(
                "page-without-index",
                location,
                f"no index serves the pages of `{source.name}`{of_order}",
            )
            return


def _is_unique(
    connection: Connection[Any], catalog: Catalog, shape: QueryShape, variant: Variant
) -> bool:
    """Tell whether at most one row has the keys of a cursor."""
    statement = numbered(shape.source, variant)
    described = describe(connection, statement.sql)
    if isinstance(described, Refusal):
        return False
    inferred = infer(
        connection, statement.sql, described.parameter_oids, catalog=catalog
    )
    return inferred.row_count.at_most_one


def _sorts(connection: Connection[Any], shape: QueryShape, variant: Variant) -> bool:
    """Tell whether PostgreSQL has to sort even where it would rather not."""
    sql = numbered(shape.source, variant).sql
    with connection.transaction(force_rollback=True):
        for setting in ("sort", "incremental_sort", "seqscan", "bitmapscan"):
            connection.execute(f"SET LOCAL enable_{setting} = off".encode())
        rows = connection.execute(
            b"EXPLAIN (GENERIC_PLAN, FORMAT JSON) " + sql.encode()
        ).fetchall()
    return any("Sort" in node for node in _node_types(rows[0][0]))


def _node_types(plan: object) -> Iterator[str]:
    if isinstance(plan, list):
        for each in plan:
            yield from _node_types(each)
    elif isinstance(plan, dict):
        if "Node Type" in plan:
            yield str(plan["Node Type"])
        for value in plan.values():
            yield from _node_types(value)


def _error(shape: QueryShape, message: str, help: str) -> DirectiveError:
    source = shape.source
    assert source.ordering is not None  # the caller asked
    assert source.ordering.page is not None
    location = source.ordering.page.location
    return DirectiveError(
        message,
        location=location,
        excerpt=excerpt(source.file_text, location),
        help=help,
    )
