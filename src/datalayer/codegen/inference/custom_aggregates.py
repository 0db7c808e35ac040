"""Knows when aggregates that users made of functions give a value."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from datalayer.codegen.inference.bodies import body_keeps_values
from datalayer.codegen.inference.builtins import (
    decisive_arguments,
    null_when_all_are,
)
from datalayer.codegen.inference.types import expression_type

if TYPE_CHECKING:
    from datalayer.codegen.function_catalog import Function
    from datalayer.codegen.inference.outcomes import Session
    from datalayer.codegen.nodetree import Node


#: The kind of `anyelement` and its like.
_PSEUDO = "p"


class Needs(Enum):
    """What an aggregate has to take in to give a value."""

    NOTHING = auto()
    #: A row, even one of NULLs.
    ROW = auto()
    #: A row whose arguments are not NULL.
    VALUE = auto()


def custom_aggregate(
    function: Function, arguments: tuple[Node, ...], session: Session
) -> Needs | None:
    """Return what an aggregate of a user needs; None when nothing is known.

    Its state begins with a constant or with the first value, and stays a value when
    none of its functions turns values into NULL.
    https://www.postgresql.org/docs/current/sql-createaggregate.html
    """
    made = session.catalog.aggregate(function.oid)
    if made is None:
        return None
    inputs = tuple(_input_type(each) for each in arguments if not each.flag("resjunk"))
    state = _state_type(made.state, function, inputs, session)
    taken = _kept(made.transition, (state, *inputs), session)
    for oid, types in ((made.combine, (state, state)), (made.final, (state,))):
        if oid and _kept(oid, types, session) is None:
            return None
    if taken is None or not made.has_start:
        return taken
    type_ = session.catalog.type(state)
    # A type of a user could read its start as NULL.
    return Needs.NOTHING if type_ is not None and type_.builtin_input else None


def _input_type(argument: Node) -> int:
    entry = argument.tag == "TARGETENTRY"
    expression = argument.node("expr") if entry else argument
    return expression_type(expression) if expression else 0


def _state_type(
    declared: int, function: Function, inputs: tuple[int, ...], session: Session
) -> int:
    """Return the type of the state, which may be that of an argument; 0 for unknown.

    Arrays of any type are all read and changed by the same functions.
    """
    type_ = session.catalog.type(declared)
    if type_ is None or type_.kind != _PSEUDO:
        return declared
    name = session.catalog.sql_type(declared).name
    if name.endswith("array"):
        return declared
    alike = zip(function.arguments, inputs, strict=False)
    return next((given for argument, given in alike if argument == name), 0)


def _kept(oid: int, types: tuple[int, ...], session: Session) -> Needs | None:
    """Return what a function needs to make a value of a state; None for more.

    A strict one is not called with NULL: the state stays, or begins with the argument.
    """
    function = session.catalog.function(oid)
    if function is None:
        return None
    if null_when_all_are(function):
        return Needs.VALUE
    decisive = decisive_arguments(function, len(types))
    if decisive == () and not function.strict:
        return Needs.ROW
    if not function.strict:
        return None
    kept = decisive is not None or body_keeps_values(function, types, session)
    return Needs.VALUE if kept else None
