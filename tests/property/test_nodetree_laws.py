"""Laws of the node reader: what is written is read back, and nothing makes it crash."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from datalayer.codegen.nodetree import Node, NodeTreeError, Value, make_node, read_tree

_words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
_labels = st.from_regex(r"[a-z][a-zA-Z]{0,8}", fullmatch=True).filter(
    lambda label: label != "constvalue"
)
_tags = st.from_regex(r"[A-Z]{1,8}", fullmatch=True)
_integers = st.lists(st.integers(-9, 9), min_size=1, max_size=3).map(tuple)
_sets = st.frozensets(st.integers(0, 9), max_size=3)
_values: st.SearchStrategy[Value] = st.recursive(
    st.one_of(st.none(), _words, _integers, _sets),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3)
        .map(tuple)
        .filter(lambda items: not _numbers(items)),
        st.builds(make_node, _tags, st.dictionaries(_labels, inner, max_size=3)),
    ),
    max_leaves=12,
)


def _numbers(items: tuple[Value, ...]) -> bool:
    return bool(items) and isinstance(items[0], int)


def write(value: Value) -> str:
    """Write a value as PostgreSQL's `outfuncs.c` does."""
    if value is None:
        return "<>"
    if isinstance(value, str):
        return _token(value)
    if isinstance(value, frozenset):
        return "(b" + "".join(f" {number}" for number in sorted(value)) + ")"
    if isinstance(value, tuple):
        if _numbers(value):
            return f"(i {' '.join(map(str, value))})"
        return f"({' '.join(_quoted(item) for item in value)})"
    if isinstance(value, Node):
        fields = (f" :{label} {write(item)}" for label, item in value.fields.items())
        return f"{{{value.tag}{''.join(fields)}}}"
    raise TypeError(value)


def _quoted(item: Value) -> str:
    # A string in a list is a node of its own, which is written in quotes.
    return f'"{_token(item)}"' if isinstance(item, str) else write(item)


def _token(text: str) -> str:
    start = text[0] in '<"' or text[0].isdigit() or text[0] in "+-."
    escaped = "".join("\\" + char if char in " \n\t(){}\\" else char for char in text)
    return "\\" + escaped if start and not escaped.startswith("\\") else escaped


@given(_values)
def test_what_is_written_is_read_back(value: Value) -> None:
    assert read_tree(write(value)) == (value,)


@given(st.text(st.sampled_from('{}() :ab<>"\\[1b')))
def test_no_text_makes_the_reader_crash(text: str) -> None:
    with contextlib.suppress(NodeTreeError):
        read_tree(text)


@given(_values, st.integers(1, 200))
def test_a_text_that_is_cut_short_is_refused_or_read(value: Value, cut: int) -> None:
    with contextlib.suppress(NodeTreeError):
        read_tree(write(value)[:-cut])
