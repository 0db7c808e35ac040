"""Documents and patches for the tests of the artifacts domain."""

from __future__ import annotations

from artifacts_model import Json, paths_of, value_at
from hypothesis import strategies as st

SCALARS: st.SearchStrategy[Json] = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, 1.0, 0.5, 1e22])
    | st.text("ab/~é0", max_size=3)
)
NAMES = st.text("ab/~é0", max_size=2)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
    ),
    max_leaves=4,
)
DOCUMENTS: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"nodes": st.lists(SCALARS, max_size=4), "edges": st.lists(SCALARS, max_size=2)},
    optional={"a": VALUES, "b": VALUES},
)


@st.composite
def operations_on(draw: st.DrawFn, document: Json) -> list[Json]:
    """One or two operations, each of which fits the document or does not."""
    # Often the same bytes, so that one chain holds a patch twice.
    if draw(st.booleans()):
        return [{"op": "add", "path": "/nodes/-", "value": draw(st.integers(0, 1))}]
    return draw(st.lists(operation_on(document), min_size=1, max_size=2))


@st.composite
def operation_on(draw: st.DrawFn, document: Json) -> Json:
    """An operation whose paths come from the document, or nearly."""
    paths = st.sampled_from(paths_of(document))
    path = draw(paths)
    name = draw(st.sampled_from(["add", "copy", "move", "remove", "replace", "test"]))
    operation: Json = {"op": name, "path": path}
    if name in ("copy", "move"):
        operation["from"] = draw(paths)
    if name in ("add", "copy", "move"):
        operation["path"] += draw(st.sampled_from(["", "/-", "/0", "/new", "/9"]))
    if name in ("add", "replace"):
        operation["value"] = draw(VALUES)
    if name == "test":
        operation["value"] = draw(nearly(value_at(document, path)))
    return operation


def nearly(value: Json) -> st.SearchStrategy[Json]:
    """The value, or one that Python or a careless reader takes for it."""
    if isinstance(value, (bool, int, float)):
        return st.sampled_from([value, bool(value), int(value), float(value)])
    return st.just(value) | SCALARS
