"""One query, called with rows and arguments that chance decided on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from datalayer.codegen.rendering.naming import python_name
from datalayer.errors import (
    ConstraintViolation,
    IncompleteArguments,
    InvalidLimit,
    JsonMismatchError,
    NoRowError,
    TooManyRowsError,
)
from datalayer.model import Operation
from datalayer.proving.annotations import Mismatch, mismatches
from datalayer.proving.forms import read_text, reads_text
from datalayer.proving.functions import Function, Functions, as_declared, row_hint
from datalayer.proving.model import (
    Claim,
    Draw,
    Given,
    Lie,
    QueryProof,
    Row,
    Sighting,
    Witness,
)
from datalayer.proving.paging import ordered, with_following
from datalayer.proving.sql_text import (
    call_statement,
    insert_row,
    reproduction,
    unlimited,
)
from datalayer.proving.variants import completed, in_order, statement
from datalayer.proving.worlds import (
    Filling,
    build_rows,
    edited,
    in_focus,
    seed_rows,
)
from datalayer.runtime import NO_ROW, UNSET

if TYPE_CHECKING:
    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.model import QueryShape
    from datalayer.proving.arguments import Argument
    from datalayer.proving.session import Session

_ROWS = {Operation.MANY, Operation.ONE, Operation.RETURNING, Operation.VALUE}
#: One argument of so many is another one than that which gave a row.
_KEPT = 4
#: What documents look like is the author's word, and chance does not know it; nor does
#: it know of limits, of what belongs together, or of constraints.
_REFUSALS = (ConstraintViolation, IncompleteArguments, InvalidLimit, JsonMismatchError)
#: What takes longer, such as the hours until the year 9999, returns too much.
_BEFORE = "SET LOCAL statement_timeout = '500ms'; SAVEPOINT before"
#: How many rows are looked at.
_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Target:
    """A query with all that is needed to call it."""

    shape: QueryShape
    functions: Functions
    filling: Filling
    #: What is refreshed once the tables are filled.
    refreshes: tuple[str, ...]
    arguments: tuple[Argument, ...]
    type_classes: TypeClasses
    #: The statement with `$1`, …, and the names of their types.
    sql: str
    types: tuple[str, ...]
    #: The columns whose documents nobody compares with their types.
    unchecked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a call finds, and what it is called with."""

    rows: tuple[Row, ...]
    statements: tuple[str, ...]
    written: tuple[Given, ...]
    values: tuple[object, ...]
    #: The argument for an order, where there are several.
    chosen: dict[str, object]


def try_query(
    session: Session, target: Target, draw: Draw, proof: QueryProof
) -> list[Sighting]:
    """Call both functions of a query, take all back, and return what was untrue."""
    rows = _drawn_rows(target, draw)
    session.send("BEGIN")
    try:
        scene = _prepare(session, target, rows, draw)
        if scene is None:
            proof.runs += 1
            proof.refused += 1
            return []
        session.send(_BEFORE)
        found = list(_try_function(session, target, scene, proof, "sync"))
        session.send("ROLLBACK TO before")
        found += _try_function(session, target, scene, proof, "async")
        example = Witness(scene.rows, scene.written)
        return [Sighting(lie, example) for lie in found]
    finally:
        session.send("ROLLBACK")


def _prepare(
    session: Session, target: Target, rows: Sequence[Row], draw: Draw
) -> _Scene | None:
    """Fill the tables and read the arguments; None if that cannot be."""
    statements = [insert_row(row) for row in rows]
    accepted = session.attempt([*statements, *target.refreshes])
    if not session.is_consistent():
        return None
    stored = [row for row, fine in zip(rows, accepted, strict=False) if fine]
    sources = {"row": stored, "seed": [*stored, *seed_rows(target.filling)]}
    around = in_focus(sources.get(draw.source, []), draw.focus)
    written: list[Given] = [
        _choose(argument, number, draw, stored, around)
        for argument, number in zip(target.arguments, draw.arguments, strict=True)
    ]
    if draw.witness is not None:
        written = [
            known if number % _KEPT else chosen
            for known, chosen, number in zip(
                draw.witness.arguments, written, draw.arguments, strict=True
            )
        ]
    arguments = completed(target.shape.source, written)
    values = _read(session, target, arguments)
    if values is None:
        return None
    kept = [s for s, fine in zip(statements, accepted, strict=False) if fine]
    return _Scene(
        tuple(stored),
        (*kept, *target.refreshes),
        arguments,
        values,
        ordered(target.shape, draw),
    )


def _drawn_rows(target: Target, draw: Draw) -> list[Row]:
    if draw.witness is None:
        return build_rows(target.filling, draw.rows)
    return edited(draw.witness.rows, draw.edits)


def _choose(
    argument: Argument,
    number: int,
    draw: Draw,
    stored: Sequence[Row],
    around: Sequence[Row],
) -> Given:
    """Return the value of an argument; `around` are rows that go together."""
    if argument.is_optional and number // _KEPT % 2:
        return UNSET
    found: list[Given] = [*argument.stored(around)]
    if not found and draw.source != "mixed":
        found = argument.plain
    if not found:
        found = argument.candidates(stored)
    return found[number % len(found)]


def _read(
    session: Session, target: Target, written: Sequence[Given]
) -> tuple[object, ...] | None:
    """Return arguments as Python has them; None if PostgreSQL or Python cannot."""
    if not written:
        return ()
    # What is not given is read as NULL, and put back in the end.
    wanted = ", ".join(
        f"%s::{unlimited(argument.type_name)}".replace("%s", f"${number}")
        for number, argument in enumerate(target.arguments, 1)
    )
    sent = [None if each is UNSET else each for each in written]
    try:
        with psycopg.RawCursor(session.connection) as cursor:
            cursor.execute(f"SELECT {wanted}".encode(), sent)
            row = cursor.fetchone()
            texts = _texts(cursor, len(written))
    except psycopg.Error:
        return None
    assert row is not None
    hints = [hint for _, hint in target.functions.sync.parameters]
    types = [parameter.type for parameter in target.shape.parameters]
    try:
        values = [
            read_text(session.connection, type_, target.type_classes, text)
            if text is not None and reads_text(type_, target.type_classes)
            else as_declared(value, hint)
            for value, text, type_, hint in zip(row, texts, types, hints, strict=True)
        ]
        return tuple(
            UNSET if each is UNSET else value
            for each, value in zip(written, values, strict=True)
        )
    except psycopg.Error:
        return None


def _texts(cursor: psycopg.RawCursor[Any], count: int) -> list[str | None]:
    """Return the columns of the first row as PostgreSQL wrote them."""
    result = cursor.pgresult
    assert result is not None
    found = [result.get_value(0, column) for column in range(count)]
    return [None if data is None else data.decode() for data in found]


def _try_function(
    session: Session, target: Target, scene: _Scene, proof: QueryProof, flavour: str
) -> Iterator[Lie]:
    """Call a function and yield what was untrue about it."""
    is_async = flavour == "async"
    function = target.functions.aio if is_async else target.functions.sync
    proof.runs += 1
    try:
        result = _call(session, function, scene, is_async=is_async)
    except (psycopg.Error, *_REFUSALS):
        proof.refused += 1
        return
    except (NoRowError, TooManyRowsError) as error:
        claim = _claim_of(error, target.shape)
        if claim is not None:
            message = f"{error.message}, where {_promise(claim)} is promised"
            yield _lie(target, scene, claim, message, flavour)
        return
    except Exception as error:  # whatever it is, the function does not return
        told = f"{type(error).__name__}: {error}".partition("\n")[0]
        message = f"calling its function raises {told}"
        claim = Claim("", f"error {type(error).__name__}")
        yield _lie(target, scene, claim, message, flavour)
        return
    if isinstance(result, list) and target.shape.source.operation is Operation.MANY:
        del result[_LOOKED_AT:]
    _count(result, target, proof)
    for mismatch in _untrue(session, target, scene, function, result):
        claim = Claim(mismatch.where, mismatch.kind)
        yield _lie(target, scene, claim, _told(mismatch), flavour)


def _call(
    session: Session, function: Function, scene: _Scene, *, is_async: bool
) -> Any:  # noqa: ANN401 - whatever it returns
    connection = session.twin if is_async else session.connection
    names = [name for name, _ in function.parameters]
    given = dict(zip(names, scene.values, strict=True)) | scene.chosen
    if function.parameter_class is not None:
        call: Callable[[], Any] = lambda: function.call(  # noqa: E731 - one of two
            connection,
            [function.parameter_class(**given)],  # type: ignore[misc]
        )
    else:
        call = lambda: function.call(connection, **given)  # noqa: E731 - one of two

    def read_page(cursor: str) -> Any:  # noqa: ANN401 - of the caller's rows
        given["cursor"] = cursor
        return session.run(call()) if is_async else call()

    return with_following(session.run(call()) if is_async else call(), read_page)


def _claim_of(error: NoRowError | TooManyRowsError, shape: QueryShape) -> Claim | None:
    if isinstance(error, NoRowError):
        return Claim("", "no row")
    # The author was told of it, and said why it cannot be.
    if any(each.rule == "uncertain-row-count" for each in shape.source.allowances):
        return None
    return Claim("", "more rows")


def _promise(claim: Claim) -> str:
    return "one row" if claim.kind == "no row" else "at most one row"


def _told(mismatch: Mismatch) -> str:
    where = f"`{mismatch.where}` is" if mismatch.where else "its result is"
    return f"{where} declared `{mismatch.declared}`, and {mismatch.found} came back"


def _lie(
    target: Target, scene: _Scene, claim: Claim, message: str, flavour: str
) -> Lie:
    source = target.shape.source
    sent = statement(source, scene.written)
    call = call_statement(sent.sql, in_order(source, sent, scene.written))
    return Lie(claim, message, flavour, reproduction(scene.statements, call))


def _count(result: Any, target: Target, proof: QueryProof) -> None:  # noqa: ANN401 - of any kind
    if target.shape.source.operation not in _ROWS:
        return
    many = target.shape.source.operation is Operation.MANY
    rows = result if many and isinstance(result, list) else [result]
    for row in rows:
        if row is NO_ROW or (row is None and "" not in proof.nullable):
            continue
        proof.rows += 1
        if target.shape.source.operation is Operation.VALUE:
            proof.seen_null |= {""} if row is None else set()
        else:
            proof.seen_null |= {
                name for name in proof.nullable if getattr(row, name, "") is None
            }


def _untrue(
    session: Session,
    target: Target,
    scene: _Scene,
    function: Function,
    result: Any,  # noqa: ANN401 - of any kind
) -> Iterator[Mismatch]:
    vouched = {
        python_name(column.name): column
        for column in target.shape.columns
        if column.name in target.unchecked
    }
    if target.shape.source.operation is Operation.VALUE:
        yield from _untrue_value(session, target, scene, function, result)
        return
    seen: set[tuple[str, str]] = set()
    for each in mismatches(result, function.result):
        place = each.where.removeprefix("[]").removeprefix(".")
        column = vouched.get(place.partition(".")[0].removesuffix("[]"))
        if column is not None and not (
            each.kind == "null" and _is_null(session, target, scene, column.name)
        ):
            continue
        if (place, each.kind) not in seen:
            seen.add((place, each.kind))
            yield Mismatch(place, each.kind, each.declared, each.found)


def _untrue_value(
    session: Session,
    target: Target,
    scene: _Scene,
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


def _is_null(session: Session, target: Target, scene: _Scene, name: str) -> bool:
    """Tell whether a column is NULL in SQL, which the null of JSON is not."""
    source = target.shape.source
    sent = statement(source, scene.written)
    session.send("ROLLBACK TO before")
    pgconn = session.connection.pgconn
    values = [
        None if each is None else each.encode()
        for each in in_order(source, sent, scene.written)
    ]
    result = pgconn.exec_params(sent.sql.encode(), values)
    return any(
        result.get_value(row, number) is None
        for number in range(result.nfields)
        if result.fname(number) == name.encode()
        for row in range(result.ntuples)
    )
