"""What is secret in headers and paths is masked, and keys can still be told apart."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.domains.conversations.masking import (
    HIDDEN_HEADERS,
    KEY_HEADERS,
    key_hash_of,
    mask_headers,
    mask_key,
    mask_path,
)
from datalayer.runtime import JsonInput

_KEY = "sk-ant-api03-0123456789abcdef"

_KEYS = st.text(
    st.characters(exclude_characters="*", exclude_categories=("Cs", "Zs", "Cc")),
    min_size=1,
    max_size=60,
)


@pytest.mark.parametrize(
    "name", ["authorization", "X-Api-Key", "x_api_key", "API-KEY "]
)
def test_a_key_keeps_its_last_six_characters(name: str) -> None:
    assert mask_headers({name: _KEY}) == {name: "***abcdef"}


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        pytest.param(f"Bearer {_KEY}", "***abcdef", id="bearer"),
        pytest.param(f"bearer  {_KEY} ", "***abcdef", id="spaces"),
        pytest.param("Basic bmFtZTpwYXNzd29yZA==", "***", id="password"),
        pytest.param("secret", "***et", id="short"),
        pytest.param("ab", "***", id="shorter"),
        pytest.param("", "***", id="empty"),
        pytest.param([_KEY, "123456789"], ["***abcdef", "***789"], id="several"),
        pytest.param({"key": _KEY}, "***", id="object"),
        pytest.param(123456789, "***", id="number"),
        pytest.param(None, None, id="null"),
        pytest.param("***abcdef", "***abcdef", id="masked"),
    ],
)
def test_a_key_of_any_form_is_masked(value: JsonInput, masked: JsonInput) -> None:
    assert mask_headers({"Authorization": value}) == {"Authorization": masked}


@pytest.mark.parametrize("name", sorted(HIDDEN_HEADERS))
def test_a_cookie_is_hidden(name: str) -> None:
    masked = mask_headers({name.title(): ["a=b; session=abcdef", _KEY]})

    assert masked == {name.title(): ["***", "***"]}


def test_other_headers_stay_as_they_are() -> None:
    headers: dict[str, JsonInput] = {"Accept": "*/*", "Via": ("a", "b"), "X-Retry": 3}

    assert mask_headers(headers) == {"Accept": "*/*", "Via": ["a", "b"], "X-Retry": 3}


def test_more_headers_are_hidden_by_name() -> None:
    masked = mask_headers({"X-Team-Token": _KEY}, also_mask=["x-team-token"])

    assert masked == {"X-Team-Token": "***"}


@given(key=_KEYS, name=st.sampled_from(sorted(KEY_HEADERS)))
def test_never_more_than_a_third_of_a_key_shows(key: str, name: str) -> None:
    masked = mask_headers({name: key})[name]

    assert isinstance(masked, str)
    assert masked.startswith("***")
    shown = masked.removeprefix("***")
    assert key.endswith(shown)
    assert len(shown) <= min(6, len(key) / 3)


@given(key=_KEYS)
def test_masking_twice_is_masking_once(key: str) -> None:
    assert mask_key(mask_key(key)) == mask_key(key)


@pytest.mark.parametrize(
    ("path", "masked"),
    [
        ("/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/v1/models?key=AIza12&alt=sse", "/v1/models?key=***&alt=sse"),
        ("/a?x=1&access_token=t#part", "/a?x=1&access_token=***#part"),
        ("/a?API_KEY=t;sig=u", "/a?API_KEY=***;sig=***"),
        ("/monkey=1/keys", "/monkey=1/keys"),
    ],
)
def test_a_key_in_a_path_is_masked(path: str, masked: str) -> None:
    assert mask_path(path) == masked


def test_the_hash_is_that_of_the_key_alone() -> None:
    expected = sha256(_KEY.encode()).hexdigest()

    assert key_hash_of({"Authorization": f"Bearer {_KEY}"}) == expected
    assert key_hash_of({"X-API-Key": [_KEY]}) == expected
    assert key_hash_of({"x-api-key": _KEY, "authorization": "Bearer x"}) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": "***abcdef"},
        {"authorization": "Basic bmFtZTpwYXNzd29yZA=="},
        {"authorization": []},
        {"authorization": 5},
    ],
)
def test_there_is_no_hash_without_a_key(headers: dict[str, JsonInput]) -> None:
    assert key_hash_of(headers) is None
