"""One query, called with rows and arguments that chance decided on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import psycopg

from datalayer.errors import (
    ConstraintViolation,
    IncompleteArguments,
    InvalidLimit,
    JsonMismatchError,
    NoRowError,
    TooManyRowsError,
)
from datalayer.model import Operation
from datalayer.proving.annotations import Mismatch
from datalayer.proving.forms import read_text, reads_text
from datalayer.proving.functions import Function, Functions, as_declared
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
from datalayer.proving.results import LOOKED_AT, count_rows, untrue
from datalayer.proving.scene import Scene, Target
from datalayer.proving.sql_text import (
    call_statement,
    insert_row,
    reproduction,
    unlimited,
)
from datalayer.proving.streams import StreamDiffers, as_list
from datalayer.proving.variants import completed, in_order, statement
from datalayer.proving.worlds import (
    build_rows,
    edited,
    in_focus,
    seed_rows,
)
from datalayer.runtime import UNSET

if TYPE_CHECKING:
    from datalayer.model import QueryShape
    from datalayer.proving.arguments import Argument
    from datalayer.proving.session import Session

_STREAM = " stream"
#: In which function something is untrue; the last two are of `-- @stream` alone.
_FLAVOURS = ("sync", "async", f"sync{_STREAM}", f"async{_STREAM}")
_ASYNC = (_FLAVOURS[1], _FLAVOURS[3])
#: One argument of so many is another one than that which gave a row.
_KEPT = 4
#: What documents look like is the author's word, and chance does not know it; nor does
#: it know of limits, of what belongs together, or of constraints.
_REFUSALS = (ConstraintViolation, IncompleteArguments, InvalidLimit, JsonMismatchError)
#: What takes longer, such as the hours until the year 9999, returns too much.
_BEFORE = "SET LOCAL statement_timeout = '500ms'; SAVEPOINT before"


def try_query(
    session: Session,
    target: Target,
    draw: Draw,
    proof: QueryProof,
    flavours: Sequence[str] = (),
) -> list[Sighting]:
    """Call the functions of a query, take all back, and return what was untrue.

    Without any flavours, all functions are called that there are.
    """
    chosen = flavours or _FLAVOURS[: target.functions.count]
    session.send("BEGIN")
    try:
        return _tried(session, target, draw, proof, chosen)
    except psycopg.errors.QueryCanceled:
        # Filling the tables took too long, or the server has much else to do.
        proof.runs += 1
        proof.refused += 1
        return []
    finally:
        session.roll_back()


def _tried(
    session: Session,
    target: Target,
    draw: Draw,
    proof: QueryProof,
    flavours: Sequence[str],
) -> list[Sighting]:
    scene = _prepare(session, target, _drawn_rows(target, draw), draw)
    if scene is None:
        proof.runs += 1
        proof.refused += 1
        return []
    session.send(_BEFORE)
    found: list[Lie] = []
    for flavour in flavours:
        found += _try_function(session, target, scene, proof, flavour)
        session.send("ROLLBACK TO before")
    example = Witness(scene.rows, scene.written)
    return [Sighting(lie, example) for lie in found]


def _prepare(
    session: Session, target: Target, rows: Sequence[Row], draw: Draw
) -> Scene | None:
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
    return Scene(
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
    session: Session, target: Target, scene: Scene, proof: QueryProof, flavour: str
) -> Iterator[Lie]:
    """Call a function and yield what was untrue about it."""
    function = _function(target.functions, flavour)
    proof.runs += 1
    try:
        result = _call(session, function, scene, is_async=flavour in _ASYNC)
    except (psycopg.Error, *_REFUSALS):
        proof.refused += 1
        return
    except (NoRowError, TooManyRowsError) as error:
        claim = _claim_of(error, target.shape)
        if claim is not None:
            message = f"{error.message}, where {_promise(claim)} is promised"
            yield _lie(target, scene, claim, message, flavour)
        return
    except StreamDiffers as error:
        yield _lie(target, scene, Claim("", "stream"), str(error), flavour)
        return
    except Exception as error:  # whatever it is, the function does not return
        told = f"{type(error).__name__}: {error}".partition("\n")[0]
        message = f"calling its function raises {told}"
        claim = Claim("", f"error {type(error).__name__}")
        yield _lie(target, scene, claim, message, flavour)
        return
    if isinstance(result, list) and target.shape.source.operation is Operation.MANY:
        del result[LOOKED_AT:]
    count_rows(result, target, proof)
    for mismatch in untrue(session, target, scene, function, result):
        claim = Claim(mismatch.where, mismatch.kind)
        yield _lie(target, scene, claim, _told(mismatch), flavour)


def _function(functions: Functions, flavour: str) -> Function:
    is_async = flavour in _ASYNC
    listing = functions.aio if is_async else functions.sync
    stream = functions.aio_stream if is_async else functions.sync_stream
    if stream is None or not flavour.endswith(_STREAM):
        return listing
    return as_list(stream, listing, is_async=is_async)


def _call(session: Session, function: Function, scene: Scene, *, is_async: bool) -> Any:  # noqa: ANN401 - whatever it returns
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


def _lie(target: Target, scene: Scene, claim: Claim, message: str, flavour: str) -> Lie:
    source = target.shape.source
    sent = statement(source, scene.written)
    call = call_statement(sent.sql, in_order(source, sent, scene.written))
    return Lie(claim, message, flavour, reproduction(scene.statements, call))
