"""What came back of a call, compared with what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from datalayer.codegen.rendering.naming import python_name
from datalayer.codegen.rendering.varied import is_paged
from datalayer.model import Operation
from datalayer.proving.annotations import Mismatch, mismatches
from datalayer.proving.functions import Function, row_hint
from datalayer.proving.nested import lost_objects, places, values_at
from datalayer.proving.variants import in_order, statement
from datalayer.runtime import NO_ROW

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

    from datalayer.proving.model import QueryProof
    from datalayer.proving.scene import Scene, Target
    from datalayer.proving.session import Session

_ROWS = {Operation.MANY, Operation.ONE, Operation.RETURNING, Operation.VALUE}
#: How many rows are looked at.
LOOKED_AT = 500


def count_rows(result: Any, target: Target, proof: QueryProof) -> None:  # noqa: ANN401 - of any kind
    """Count the rows that came back, and where NULL was seen."""
    source = target.shape.source
    if source.operation not in _ROWS and not target.shape.columns:
        return
    if isinstance(result, dict) and source.map_by and source.map_by.value is not None:
        _count_values(result, python_name(source.map_by.value), proof)
        return
    if source.map_by is not None and isinstance(result, dict):
        result = list(result.values())
    many = source.operation in (Operation.MANY, Operation.MANY_PARAMETERS)
    rows = result if many and isinstance(result, list) else [result]
    for row in rows:
        if row is NO_ROW or (row is None and "" not in proof.nullable):
            continue
        proof.rows += 1
        if target.shape.source.operation is Operation.VALUE:
            proof.seen_null |= {""} if row is None else set()
        else:
            proof.seen_null |= {
                python_name(name)
                for name, place in places(target.shape).items()
                if python_name(name) in proof.nullable
                and any(value is None for value in values_at(row, place))
            }


def _count_values(
    result: Mapping[object, object], name: str, proof: QueryProof
) -> None:
    """Count the rows of which no more than a key and a value came back."""
    proof.rows += len(result)
    if name in proof.nullable and any(each is None for each in result.values()):
        proof.seen_null |= {name}


def untrue(
    session: Session,
    target: Target,
    scene: Scene,
    function: Function,
    result: Any,  # noqa: ANN401 - of any kind
) -> Iterator[Mismatch]:
    """Yield what is not what the annotations of a function say."""
    if target.shape.source.operation is Operation.VALUE:
        yield from _untrue_value(session, target, scene, function, result)
        return
    vouched = {
        place: name
        for name, place in places(target.shape).items()
        if name in target.unchecked
    }
    seen: set[tuple[str, str]] = set()
    for each in _mismatches(target, function, result):
        place = each.where.removeprefix("[]").removeprefix(".")
        name = next(
            (name for at, name in vouched.items() if re.match(rf"{at}\b", place)), None
        )
        if name is not None and not (
            each.kind == "null" and _is_null(session, target, scene, name)
        ):
            continue
        if (place, each.kind) not in seen:
            seen.add((place, each.kind))
            yield Mismatch(place, each.kind, each.declared, each.found)
    if target.shape.nesting is not None and not seen:
        yield from _untrue_objects(session, target, scene, result)


def _mismatches(
    target: Target,
    function: Function,
    result: Any,  # noqa: ANN401 - of any kind
) -> Iterator[Mismatch]:
    """Yield what is not as annotated, by the attributes of rows."""
    said = target.shape.source.map_by
    if said is None or said.value is None or not isinstance(result, dict):
        yield from mismatches(result, function.result)
        return
    key, value = get_args(function.result)
    for found, looked_up in result.items():
        yield from mismatches(found, key, python_name(said.name))
        yield from mismatches(looked_up, value, python_name(said.value))


def _untrue_objects(
    session: Session,
    target: Target,
    scene: Scene,
    result: Any,  # noqa: ANN401 - of any kind
) -> Iterator[Mismatch]:
    source = target.shape.source
    is_map = source.map_by is not None and isinstance(result, dict)
    if is_map:
        result = list(result.values())
    rows = result if isinstance(result, list) else [result]
    is_part = is_map and source.map_by is not None and source.map_by.value is not None
    if len(rows) >= LOOKED_AT or is_part or is_paged(source):
        return
    flat = _flat(session, target, scene)

    def matches(number: int | None) -> int:
        return sum(
            number is None or flat.get_value(row, number) is not None
            for row in range(flat.ntuples)
        )

    yield from lost_objects(target.shape, rows, matches)


def _untrue_value(
    session: Session,
    target: Target,
    scene: Scene,
    function: Function,
    result: Any,  # noqa: ANN401 - of any kind
) -> Iterator[Mismatch]:
    (column,) = target.shape.columns
    if result is None and not column.nullable:
        # None stands for no row, and for the null of JSON: NULL would be untrue.
        if _is_null(session, target, scene, column.name):
            yield Mismatch(column.name, "null", _name_of(function), "NULL")
    elif column.name not in target.unchecked:
        for each in mismatches(result, function.result):
            yield Mismatch(
                column.name + each.where, each.kind, each.declared, each.found
            )


def _name_of(function: Function) -> str:
    hint = row_hint(function.result)
    return getattr(hint, "__name__", str(hint))


def _is_null(session: Session, target: Target, scene: Scene, name: str) -> bool:
    """Tell whether a column is NULL in SQL, which the null of JSON is not."""
    result = _flat(session, target, scene)
    return any(
        result.get_value(row, number) is None
        for number in range(result.nfields)
        if result.fname(number) == name.encode()
        for row in range(result.ntuples)
    )


def _flat(session: Session, target: Target, scene: Scene) -> PGresult:
    """Return what the statement gave, as PostgreSQL wrote it."""
    source = target.shape.source
    sent = statement(source, scene.written)
    session.send("ROLLBACK TO before")
    pgconn = session.connection.pgconn
    values = [
        None if each is None else each.encode()
        for each in in_order(source, sent, scene.written)
    ]
    return pgconn.exec_params(sent.sql.encode(), values)
