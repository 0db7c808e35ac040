"""JSON as PostgreSQL stores it in jsonb: 1 and 1.0 are two values, order is its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

#: The key under which history keeps what could be taken for something else.
MARK = "$json"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written: its scale counts."""

    text: str


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Object:
    """Keys may occur twice, as in a text; the last one counts."""

    pairs: tuple[tuple[str, Node], ...]

    def mapping(self) -> dict[str, Node]:
        return dict(self.pairs)


Node: TypeAlias = "bool | str | Number | Array | Object | None"


@lru_cache(maxsize=4096)
def parse_json(text: str) -> Node:
    """Read a JSON text and keep what Python would lose."""
    return _node(
        json.loads(
            text,
            parse_int=Number,
            parse_float=Number,
            object_pairs_hook=lambda pairs: Object(
                tuple((key, _node(value)) for key, value in pairs)
            ),
        )
    )


def _node(value: object) -> Node:
    if isinstance(value, list):
        return Array(tuple(_node(item) for item in value))
    assert value is None or isinstance(value, (bool, str, Number, Array, Object))
    return value


def jsonb_text(node: Node) -> str:
    """The text of a jsonb value."""
    if isinstance(node, Object):
        pairs = sorted(node.mapping().items(), key=lambda pair: _key_order(pair[0]))
        inside = (
            f"{json.dumps(k, ensure_ascii=False)}: {jsonb_text(v)}" for k, v in pairs
        )
        return "{" + ", ".join(inside) + "}"
    if isinstance(node, Array):
        return "[" + ", ".join(map(jsonb_text, node.items)) + "]"
    if isinstance(node, Number):
        return _numeric_text(node.text)
    return json.dumps(node, ensure_ascii=False)


def _key_order(key: str) -> tuple[int, bytes]:
    """Shorter keys first, then by bytes."""
    encoded = key.encode()
    return len(encoded), encoded


def _numeric_text(text: str) -> str:
    """The text of a numeric: no exponent, no negative zero, the scale is kept."""
    number = Decimal(text)
    if number.is_zero():
        number = Decimal((0, (0,), min(int(number.as_tuple().exponent), 0)))
    return format(number, "f")


def canonical(written: str) -> str:
    """The text that PostgreSQL returns for a jsonb that was written like this."""
    return jsonb_text(parse_json(written))


def json_type(node: Node) -> str:
    """What `jsonb_typeof` says."""
    if node is None:
        return "null"
    names: dict[type, str] = {
        Array: "array",
        Number: "number",
        Object: "object",
        bool: "boolean",
        str: "string",
    }
    return names[type(node)]


def is_marked(node: Node) -> bool:
    """Whether history must wrap a value, lest it be taken for another."""
    if isinstance(node, Object):
        return MARK in node.mapping()
    if isinstance(node, Array):
        return MARK in node.items
    return node is None or node == MARK
