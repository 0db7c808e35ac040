"""The laws accept the histories that are possible, and refuse those that are not."""

from __future__ import annotations

import pytest
from operations_interleaving_laws import broken_laws
from operations_interleaving_samples import RIGHT
from operations_interleaving_wrong_samples import WRONG


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_histories_are_refused(name: str) -> None:
    law, wrong = WRONG[name]

    assert [one.law for one in broken_laws(wrong)] == [law]


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_right_histories_are_accepted(name: str) -> None:
    assert broken_laws(RIGHT[name]) == []
