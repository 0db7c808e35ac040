"""Fingerprints tell requests apart, not the ways to write one."""

import pytest

from datalayer.domains.artifacts.errors import InvalidDocument
from datalayer.domains.operations import fingerprint_of
from datalayer.runtime import JsonInput


def test_a_fingerprint_is_that_of_the_value_not_of_its_text() -> None:
    one = fingerprint_of({"a": 1, "b": [1, None]})
    other = fingerprint_of({"b": (1, None), "a": 1})

    assert one == other
    # By `printf '{"a":1,"b":[1,null]}' | sha256sum`.
    assert one == "dbfeb78171a5f92517407428111cfc366735a568d313221715fa70b975154dd6"


def test_a_fingerprint_tells_values_apart() -> None:
    values: list[JsonInput] = [None, 0, 1, 1.0, True, "1", [], {}, [1], {"a": 1}]

    assert len({fingerprint_of(value) for value in values}) == len(values)
    with pytest.raises(InvalidDocument):
        fingerprint_of(float("nan"))
