"""Reads the text of PostgreSQL's `pg_node_tree` into nodes, without their meaning.

The text is a list of nodes `{TAG :label value :label value …}`.
A label is always followed by exactly one value, so a value may begin with a colon.
Unknown tags and labels are kept: what they mean is for others to know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# PostgreSQL's tokens: a bracket by itself, or a run in which a backslash protects
# the next character. Brackets and these three kinds of white space, but no others, are
# always protected inside of names.
_TOKEN = re.compile(r"[(){}]|(?:\\.|[^ \n\t(){}\\])+", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

#: Labels that tell where something was written, not what it is: two nodes that differ
#: only here compute the same.
_PLACES = frozenset(
    {"location", "stmt_len", "stmt_location", "varattnosyn", "varnosyn"}
)

Value: TypeAlias = (
    "Node | tuple[Value, ...] | frozenset[int] | bytes | int | str | None"
)


class NodeTreeError(ValueError):
    """A text that is no node tree; its statement cannot be analysed."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One node: its tag in capitals and its values by label.

    Nodes are equal when they compute the same, wherever they were written.
    """

    tag: str
    fields: Mapping[str, Value]
    digest: int

    def __eq__(self, other: object) -> bool:
        """Compare everything except places in the source text."""
        if not isinstance(other, Node):
            return NotImplemented
        return self is other or (
            self.digest == other.digest
            and self.tag == other.tag
            and _contents(self.fields) == _contents(other.fields)
        )

    def __hash__(self) -> int:
        """Return the hash that was computed when the node was read."""
        return self.digest

    def node(self, label: str) -> Node | None:
        """Return the node below a label, or None."""
        value = self.fields.get(label)
        return value if isinstance(value, Node) else None

    def items(self, label: str) -> tuple[Value, ...]:
        """Return the list below a label; a missing one is empty."""
        value = self.fields.get(label)
        return value if isinstance(value, tuple) else ()

    def nodes(self, label: str) -> tuple[Node, ...]:
        """Return the nodes of the list below a label."""
        return tuple(item for item in self.items(label) if isinstance(item, Node))

    def number(self, label: str, default: int = 0) -> int:
        """Return the integer below a label."""
        value = self.fields.get(label)
        if not isinstance(value, str):
            return default
        try:
            return int(value)
        except ValueError:
            return default

    def numbers(self, label: str) -> tuple[int, ...]:
        """Return the integers of the list below a label."""
        return tuple(item for item in self.items(label) if isinstance(item, int))

    def flag(self, label: str) -> bool:
        """Return the truth value below a label; a missing one is false."""
        return self.fields.get(label) == "true"

    def text(self, label: str) -> str:
        """Return the name or word below a label; a missing one is empty."""
        value = self.fields.get(label)
        return value if isinstance(value, str) else ""

    def bits(self, label: str) -> frozenset[int]:
        """Return the set of integers below a label."""
        value = self.fields.get(label)
        return value if isinstance(value, frozenset) else frozenset()


def make_node(tag: str, fields: Mapping[str, Value]) -> Node:
    """Return a node with its hash computed."""
    return Node(tag, fields, hash((tag, _contents(fields))))


def read_tree(text: str) -> tuple[Value, ...]:
    """Return the values that a `pg_node_tree` text holds, usually one.

    Raises `NodeTreeError` when the text is cut short or not a node tree.
    """
    tokens = _TOKEN.findall(text)
    values: list[Value] = []
    position = 0
    try:
        while position < len(tokens):
            value, position = _value(tokens, position)
            values.append(value)
    except (IndexError, ValueError, RecursionError) as error:
        raise NodeTreeError("not a node tree") from error
    return tuple(values)


def find_nodes(value: Value, tag: str) -> Iterator[Node]:
    """Yield the nodes of one kind at or below a value, outermost first.

    Does not look inside of a node that it yields.
    """
    if isinstance(value, Node):
        if value.tag == tag:
            yield value
            return
        for child in value.fields.values():
            yield from find_nodes(child, tag)
    elif isinstance(value, tuple):
        for child in value:
            yield from find_nodes(child, tag)


def find_all_nodes(value: Value, tag: str) -> Iterator[Node]:
    """Yield the nodes of one kind at or below a value, also inside of each other."""
    for node in find_nodes(value, tag):
        yield node
        yield from find_all_nodes(tuple(node.fields.values()), tag)


def _contents(fields: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    return tuple(item for item in fields.items() if item[0] not in _PLACES)


def _value(tokens: list[str], position: int) -> tuple[Value, int]:
    token = tokens[position]
    if token == "{":
        return _node(tokens, position + 1)
    if token == "(":
        return _list(tokens, position + 1)
    if token in {"}", ")"}:
        raise ValueError("unexpected bracket")
    return _atom(token), position + 1


def _node(tokens: list[str], position: int) -> tuple[Node, int]:
    tag = tokens[position]
    position += 1
    fields: dict[str, Value] = {}
    while tokens[position] != "}":
        label = tokens[position]
        if not label.startswith(":"):
            raise ValueError("a label was expected")
        read = _constant if label == ":constvalue" else _value
        fields[label[1:]], position = read(tokens, position + 1)
    return make_node(tag, fields), position + 1


def _list(tokens: list[str], position: int) -> tuple[Value, int]:
    kind = tokens[position]
    if kind in {"b", "i", "o", "x"}:
        end = tokens.index(")", position)
        numbers = [int(token) for token in tokens[position + 1 : end]]
        return frozenset(numbers) if kind == "b" else tuple(numbers), end + 1
    items: list[Value] = []
    while tokens[position] != ")":
        item, position = _value(tokens, position)
        items.append(item)
    return tuple(items), position + 1


def _constant(tokens: list[str], position: int) -> tuple[Value, int]:
    """Read `<>` or `length [ byte … ]`, where bytes are signed numbers."""
    if tokens[position] == "<>":
        return None, position + 1
    if tokens[position + 1] != "[":
        raise ValueError("bytes were expected")
    end = tokens.index("]", position + 2)
    return bytes(int(token) & 0xFF for token in tokens[position + 2 : end]), end + 1


def _atom(token: str) -> str | None:
    if token == "<>":
        return None
    # Only a quoted string starts with a bare quote: elsewhere it is protected.
    if token[0] == '"':
        token = token[1:-1]
    return _ESCAPE.sub(r"\1", token)
