"""PostgreSQL takes whatever a client sends, once it is made storable."""

from __future__ import annotations

from unittest.mock import patch

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from datalayer.domains.conversations import storable
from datalayer.domains.conversations.masking import key_hash_of, mask_headers
from datalayer.runtime import JsonInput

pytestmark = pytest.mark.postgres

_TEXTS = st.text(st.sampled_from('ab\0\\\ud800\udc00é"u0\U0001f600'))
# jsonb writes a large float as an integer, in the digits that it came with.
_FLOATS = st.floats(-1e15, 1e15) | st.sampled_from(
    [float("nan"), float("inf"), float("-inf"), 5e-324]
)
_LARGE = st.integers(1, 4).map(lambda thousands: 10 ** (thousands * 4000))
_NUMBERS = st.integers() | _FLOATS | _LARGE
_BODIES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)

#: Ways to get it wrong: a name of the module, and what takes its place.
_MUTANTS = {
    "NUL goes through": ("storable_text", lambda text: text),
    "numbers that are none go through": ("_storable_number", lambda value: value),
    "large integers go through": ("_MOST_BITS", 1_000_000),
}


def check(connection: psycopg.Connection[tuple[object]], body: JsonInput) -> None:
    text = storable.encode_json(body)
    row = connection.execute("SELECT %s::text::jsonb", (text,)).fetchone()
    assert row == (storable.storable_json(body),), "law: what is stored is read"


def test_any_body_is_stored(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:

        @settings(max_examples=100)
        @given(body=_BODIES)
        def store(body: JsonInput) -> None:
            check(connection, body)

        store()


@pytest.mark.parametrize("name", _MUTANTS)
def test_what_is_not_made_storable_is_noticed(empty_database: str, name: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:

        @settings(
            max_examples=500,
            phases=(Phase.generate,),
            report_multiple_bugs=False,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(body=_BODIES)
        def store(body: JsonInput) -> None:
            check(connection, body)

        with (
            patch.object(storable, *_MUTANTS[name]),
            pytest.raises((AssertionError, ValueError, psycopg.Error)),
        ):
            store()


@given(
    key=st.text("abcdef", min_size=8, max_size=40),
    name=st.sampled_from(["X-API-KEY", "authorization", "Api-Key", "cookie"]),
    prefix=st.sampled_from(["", "Bearer ", "bearer  "]),
)
def test_a_key_is_known_by_its_hash_and_hidden_in_its_header(
    key: str, name: str, prefix: str
) -> None:
    headers: dict[str, JsonInput] = {name: prefix + key}

    masked = mask_headers(headers)

    assert key not in str(masked)
    assert (key_hash_of(headers) is None) is (name == "cookie")
    assert key_hash_of(masked) is None
