"""Which member of a union a value belongs to, by what it is in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from datalayer.runtime.documents.nodes import Node
from datalayer.runtime.documents.unfit import Unfit, is_dict, unfit

#: The values of the keys of an object by which its class is known: those of `Literal`.
Tags = Mapping[str, frozenset[object]]


@dataclass(frozen=True, slots=True)
class Member:
    """One type of a union."""

    node: Node
    #: Whether a value of it may be one of another member as well, and that is fine.
    is_literal: bool = False
    tags: Tags | None = None


def union_node(members: Sequence[Member], expected: str) -> Node | None:
    """Return the node of a union; None if its members cannot be told apart."""
    by_kind: dict[type, Node] = {}
    for kind in sorted({k for m in members for k in m.node.kinds}, key=str):
        node = _member_of_kind(kind, members)
        if node is None:
            return None
        by_kind[kind] = node

    def build(value: object) -> object:
        kind = float if type(value) is Decimal else type(value)
        node = by_kind.get(kind)
        if node is None:
            raise unfit(value, expected)
        return node.build(value)

    plain = all(member.node.plain for member in members)
    return Node(expected, frozenset(by_kind), build, plain=plain)


def _member_of_kind(kind: type, members: Sequence[Member]) -> Node | None:
    """Return what makes values of one kind, if there is no doubt about it."""
    found = [member for member in members if kind in member.node.kinds]
    # `str` holds what a Literal of texts holds; an `int` is more exact than a float.
    wide = [member for member in found if not member.is_literal] or found
    exact = [member for member in wide if len(member.node.kinds) == 1] or wide
    if len(exact) == 1:
        return exact[0].node
    return _tagged_node(exact) if kind is dict else None


def _tagged_node(members: Sequence[Member]) -> Node | None:
    """Return the node of objects that a key with a Literal tells apart."""
    tags = [member.tags or {} for member in members]
    for key in tags[0]:
        if not all(key in each for each in tags):
            continue
        values = [each[key] for each in tags]
        if len({value for own in values for value in own}) == sum(map(len, values)):
            table = {
                value: member.node
                for member, own in zip(members, values, strict=True)
                for value in own
            }
            return _by_tag(key, table, members)
    return None


def _by_tag(key: str, table: Mapping[object, Node], members: Sequence[Member]) -> Node:
    expected = ", ".join(sorted(f"`{value!r}`" for value in table))

    def build(value: object) -> object:
        if not is_dict(value):
            raise unfit(value, " | ".join(member.node.expected for member in members))
        tag = value.get(key)
        if not isinstance(tag, str | int) or tag not in table:
            raise Unfit(f"found another value, one of {expected} expected", (key,))
        return table[tag].build(value)

    return Node("", frozenset((dict,)), build, plain=False)
