"""The bench of queries runs from end to end on a few books."""

from __future__ import annotations

import json

import pytest

from benchmarks import measure
from benchmarks.__main__ import main


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sample be one call: this test looks at no times."""
    monkeypatch.setattr(measure, "_SAMPLE_SECONDS", 0.0)
    monkeypatch.setattr(measure, "_WARM_UPS", 1)


def test_every_section_has_its_peers(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["queries", "--rows", "2000", "--rounds", "1", "--json"])

    report = json.loads(capsys.readouterr().out)
    assert status == 0
    titles = [section["title"].partition(":")[0] for section in report["sections"]]
    assert titles == [
        "optional filters",
        "pages of 50 books",
        "100 authors with their 10 books each",
        "books, each with its author",
        "many in",
    ]
    optional, pages = report["sections"][:2]
    plan = "".join(optional["plans"][0]["lines"])
    assert "idx_book_kind_written" in plan
    assert "IS NULL" not in plan
    assert len(pages["timings"]) == 3
