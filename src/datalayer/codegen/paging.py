"""Whether the keys of a paged query lead through all of its rows, and by an index."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datalayer.codegen.describe import Refusal, describe
from datalayer.codegen.directive_errors import directive_error
from datalayer.codegen.inference import infer
from datalayer.codegen.inference.query_columns import output_entries
from datalayer.codegen.keysets import FIRST_KEY
from datalayer.codegen.numbering import numbered
from datalayer.codegen.pieces import variants_of
from datalayer.codegen.rules import finding_of
from datalayer.codegen.stored_trees import analysed_query
from datalayer.errors import DirectiveError
from datalayer.model import SqlType, TypeKind, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from psycopg import Connection

    from datalayer.codegen.catalog import Catalog
    from datalayer.codegen.nodetree import Node
    from datalayer.model import Finding, QueryShape, QuerySource, SortKey

#: Types whose values, written by `str()`, PostgreSQL reads as the same values.
_KEY_TYPES = frozenset(
    {
        *("bool", "bpchar", "date", "float4", "float8", "int2", "int4", "int8", "name"),
        *("numeric", "oid", "text", "time", "timestamp", "timestamptz", "timetz"),
        *("uuid", "varchar"),
    }
)
#: What the rows of a plan come from, in the order in which they come.
_ORDERED_INPUT = frozenset({"Member", "Outer", "Subquery"})


def check_keys(
    connection: Connection[Any],
    shape: QueryShape,
    variant: Variant,
    keys: Sequence[SortKey],
) -> None:
    """Raise `DirectiveError` unless each key is a column of the result, never NULL.

    The shape is that of the statement in one of its orders, not yet read by pages.
    """
    for key in keys:
        _check_key(shape, key)
    statement = numbered(shape.source, variant)
    described = describe(connection, statement.sql)
    assert not isinstance(described, Refusal)  # it has a shape
    query = analysed_query(connection, statement.sql, described.parameter_oids)
    columns = {
        each.text("resname"): each.node("expr") for each in output_entries(query)
    }
    for key, sorted_by in zip(keys, _sorted_by(query), strict=True):
        if columns.get(key.name) != sorted_by:
            raise _error(
                shape.source,
                key,
                f"the order is not by the column `{key.name}` of the result",
                "select what it names under a name of its own, and order by that",
            )


def check_pages(
    connection: Connection[Any], catalog: Catalog, shape: QueryShape
) -> QueryShape:
    """Return a shape with findings about its pages.

    The shape is that of all variants: raises `DirectiveError` for a key that is NULL in
    any of them.
    """
    ordering = shape.source.ordering
    if ordering is None or ordering.page is None:
        return shape
    found: list[Finding] = []
    for name, keys in ordering.keys:
        for key in keys:
            _check_null(shape, key, " where something is left out")
        found += _findings(connection, catalog, shape, name or None)
    return replace(shape, findings=(*shape.findings, *dict.fromkeys(found)))


def _sorted_by(query: Node) -> list[Node | None]:
    """Return what a statement is ordered by, one expression after the other."""
    entries = {
        each.number("ressortgroupref"): each.node("expr")
        for each in query.nodes("targetList")
    }
    return [
        entries.get(each.number("tleSortGroupRef"))
        for each in query.nodes("sortClause")
    ]


def _check_key(shape: QueryShape, key: SortKey) -> None:
    column = next((each for each in shape.columns if each.name == key.name), None)
    if column is None:
        names = ", ".join(f"`{each.name}`" for each in shape.columns)
        raise _error(
            shape.source,
            key,
            f"the result has no column `{key.name}`",
            f"add it to the SELECT list, which has {names}",
        )
    _check_null(shape, key)
    if not _is_key_type(column.type):
        raise _error(
            shape.source,
            key,
            f"`{key.name}` is `{column.type.name}`, which no cursor holds",
            "order by a number, a text, a time or a uuid",
        )


def _check_null(shape: QueryShape, key: SortKey, where: str = "") -> None:
    if any(each.nullable for each in shape.columns if each.name == key.name):
        raise _error(
            shape.source,
            key,
            f"`{key.name}` can be NULL{where}, and no row comes behind NULL",
            "order by a column that is never NULL, such as"
            f" `coalesce({key.name}, …) AS …`",
        )


def _is_key_type(type_: SqlType) -> bool:
    if type_.kind is TypeKind.ENUM:
        return True
    is_known = type_.schema == "pg_catalog" and type_.name in _KEY_TYPES
    # What a class of the project's own writes, PostgreSQL need not read.
    return is_known and type_.setting is None


def _findings(
    connection: Connection[Any], catalog: Catalog, shape: QueryShape, order: str | None
) -> Iterator[Finding]:
    source = shape.source
    assert source.ordering is not None  # the caller asked
    assert source.ordering.page is not None
    location = source.ordering.page.location
    of_order = f" in the order `{order}`" if order else ""
    everything = replace(variants_of(source)[0], order=order)
    behind = {each.given for each in variants_of(source) if FIRST_KEY in each.given}
    if not all(
        _is_unique(connection, catalog, shape, Variant(given, order, ties=True))
        for given in sorted(behind, key=len)
    ):
        yield finding_of(
            "uncertain-page-keys",
            location,
            f"two rows of `{source.name}` may have equal keys{of_order}",
        )
    for given in {everything.given & {FIRST_KEY}, everything.given}:
        if not _is_served(connection, source, Variant(given, order)):
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


def _is_served(
    connection: Connection[Any], source: QuerySource, variant: Variant
) -> bool:
    """Tell whether an index leads to the rows behind a cursor, in their order.

    The tables of a scratch database are empty: PostgreSQL is told to sort and to read
    whole tables only where there is no other way, so that the plan says what indexes
    can do and not what they are worth.
    """
    statement = numbered(source, variant)
    with connection.transaction(force_rollback=True):
        for setting in ("sort", "incremental_sort", "seqscan", "bitmapscan"):
            connection.execute(f"SET LOCAL enable_{setting} = off".encode())
        rows = connection.execute(
            b"EXPLAIN (GENERIC_PLAN, FORMAT JSON) " + statement.sql.encode()
        ).fetchall()
    plan: Mapping[str, Any] = rows[0][0][0]["Plan"]
    first = statement.order.index(FIRST_KEY) + 1
    begins = re.compile(rf"\${first}\b")
    nodes = list(_ordered_nodes(plan))
    # A table without partitions, as every hypertable is here: it tells nothing.
    if any(node.get("One-Time Filter") == "false" for node in nodes):
        return True
    return not any("Sort" in str(node["Node Type"]) for node in nodes) and any(
        begins.search(str(node.get("Index Cond", ""))) for node in nodes
    )


def _ordered_nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the nodes of a plan that its rows come from in their order.

    What is looked up for each row, such as the inner side of a join or a CTE, may be
    sorted without any harm to the pages.
    """
    yield plan
    for child in plan.get("Plans", ()):
        if child["Parent Relationship"] in _ORDERED_INPUT:
            yield from _ordered_nodes(child)


def _error(
    source: QuerySource, key: SortKey, message: str, help: str
) -> DirectiveError:
    return directive_error(source, key.location, message, help, length=key.length)
