"""Expressions that make documents, in and over each other as chance has it."""

from __future__ import annotations

import json

from hypothesis import strategies as st

#: The rows that all of them are about.
ROWS = "book LEFT JOIN author ON author.id = book.author_id"

_VALUES = st.sampled_from(
    [
        "1",
        "1.5",
        "'x'::text",
        "true",
        "NULL::int",
        "author",
        "author.born",
        "author.name",
        "book",
        "book.body",
        "book.id",
        "book.price",
        "book.tags",
        "book.title",
        "ROW(book.id, book.title)",
        "sum(book.id) OVER ()",
    ]
)
_CONDITIONS = st.sampled_from(
    [
        "author.id IS NOT NULL",
        "book.id > 2",
        "book.title = 'x'",
        "book.title IS NOT NULL",
        "book.price IS NULL",
        "true",
    ]
)
_KEYS = st.sampled_from(
    ["'a'", "'a'", "'b'", "'c d'", "coalesce(book.title, 'a')", "'é'::text"]
)
_DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.sampled_from([0.5, -1.25, 1e20, 1e-7])
    | st.text('aé"\\ ', max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c d", ""]), inner, max_size=3)
    ),
    max_leaves=8,
)


def constant(document: object) -> str:
    """Return a document as a constant of `jsonb`."""
    text = json.dumps(document, ensure_ascii=False).replace("'", "''")
    return f"'{text}'::jsonb"


constants = _DOCUMENTS.map(constant)


@st.composite
def _objects(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    pairs = draw(st.lists(st.tuples(_KEYS, values), max_size=3))
    if draw(st.booleans()):
        inside = ", ".join(f"{key}, {value}" for key, value in pairs)
        return f"jsonb_build_object({inside})"
    inside = ", ".join(f"{key}: {value}" for key, value in pairs)
    absent = draw(st.sampled_from(["", "ABSENT ON NULL "])) if pairs else ""
    return f"JSON_OBJECT({inside} {absent}RETURNING jsonb)"


def _of_values(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return documents that are made of any values."""
    pairs = st.tuples(values, values)
    return st.one_of(
        values.map("to_jsonb({})".format),
        values.map("to_jsonb(ARRAY[{0}, {0}])".format),
        pairs.map(lambda pair: "jsonb_build_array({}, {})".format(*pair)),
        pairs.map(lambda pair: "JSON_ARRAY({}, {} RETURNING jsonb)".format(*pair)),
        _objects(values),
        pairs.map(
            lambda pair: (
                "(SELECT to_jsonb(s) FROM (SELECT {} AS a, {} AS b) AS s"
                " WHERE book.id > 1)".format(*pair)
            )
        ),
        st.tuples(values, _CONDITIONS).map(
            lambda parts: (
                "(SELECT jsonb_agg(s.v) FILTER (WHERE {1}) FROM"
                " (SELECT {0} AS v) AS s)".format(*parts)
            )
        ),
        values.map(
            "(SELECT jsonb_object_agg('k', s.v) FROM (SELECT {} AS v) AS s)".format
        ),
    )


def _of_documents(documents: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return documents that are made of other documents."""
    pairs = st.tuples(documents, documents)
    return st.one_of(
        pairs.map(lambda pair: "({} || {})".format(*pair)),
        pairs.map(lambda pair: "coalesce({}, {})".format(*pair)),
        st.tuples(documents, documents, _CONDITIONS).map(
            lambda parts: "CASE WHEN {2} THEN {0} ELSE {1} END".format(*parts)
        ),
        st.tuples(documents, _CONDITIONS).map(
            lambda parts: "CASE WHEN {1} THEN {0} END".format(*parts)
        ),
        pairs.map(
            lambda pair: (
                "(SELECT jsonb_agg(u.j) FROM (SELECT {} AS j UNION ALL SELECT {})"
                " AS u)".format(*pair)
            )
        ),
        documents.map("jsonb_strip_nulls({})".format),
        documents.map("{}::json::jsonb".format),
        documents.map("nullif({}, '1')".format),
        documents.map("first_value({}) OVER (ORDER BY book.id)".format),
    )


def _grow(documents: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return _of_values(_VALUES | documents) | _of_documents(documents)


expressions = st.recursive(_of_values(_VALUES) | constants, _grow, max_leaves=6)
