"""The bench measures what it says, in turns, and shows how."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from benchmarks.__main__ import main
from benchmarks.measure import Contender, measure
from benchmarks.report import duration


def test_small_run_finds_the_index_and_both_chains(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main(["artifacts", "--rows", "1000", "--rounds", "2", "--json"])

    report = json.loads(capsys.readouterr().out)
    assert status == 0
    assert report["conditions"]["artifacts"].startswith("1,000 ")
    assert report["conditions"]["bases"].startswith("20, of which 19 ")
    lookup, chain, generation = report["sections"]
    assert "idx_artifact_compacted_from" in "".join(lookup["plans"][0]["lines"])
    assert [timing["calls"] > 0 for timing in chain["timings"]] == [True] * 3
    assert generation["goal"]["text"] == "60 queries in 3 s"
    assert report["command"] == "scripts/bench artifacts --rows 1000 --rounds 2"


def test_contenders_take_turns() -> None:
    turns: list[str] = []

    def contender(name: str) -> Contender:
        def run(_call: int) -> None:
            if turns[-1:] != [name]:
                turns.append(name)

        return Contender(name, run)

    measure([contender("a"), contender("b")], rounds=3)

    # Warming up a and b, then three rounds, each beginning with another one.
    assert turns == ["a", "b", "a", "b", "a", "b"]


def test_calls_are_numbered_in_order() -> None:
    seen: list[int] = []
    record: Callable[[int], object] = seen.append

    (timing,) = measure([Contender("a", record)], rounds=2)

    warm_ups = len(seen) - timing.calls
    assert seen[warm_ups:] == list(range(timing.calls))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0000409, "40.9 µs"), (0.00845, "8.45 ms"), (1.5, "1.50 s"), (250, "250 s")],
)
def test_duration_has_three_digits_and_a_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_unknown_measurement_is_wrong_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["nonsense"])

    assert caught.value.code == 2
    assert "artifacts" in capsys.readouterr().err
