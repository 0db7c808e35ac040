"""What is told of an import while it runs, and at its end."""

from __future__ import annotations

from datalayer.cli.import_progress import describe, summary
from datalayer.domains.conversations.importing import ImportProgress

HALF = ImportProgress(
    "a.jsonl", lines=3000, stored=2990, bad=10, bytes_read=30_000_000, size=60_000_000
)


def test_progress_tells_how_far_how_fast_and_how_long() -> None:
    text = describe(HALF, begun_with=10_000_000, begun_lines=1000, seconds=100)

    assert text == (
        "30.0 of 60.0 MB (50%), 3000 lines, 10 bad, 20 lines/s, 2 min 30 s left: "
        "a.jsonl"
    )


def test_progress_of_what_has_no_size_tells_less() -> None:
    piped = ImportProgress("-", lines=1, stored=1)

    text = describe(piped, begun_with=0, begun_lines=0, seconds=2)

    assert text == "1 line, 0 lines/s: -"


def test_hours_are_told_without_seconds() -> None:
    text = describe(HALF, begun_with=29_000_000, begun_lines=0, seconds=300)

    assert text.endswith("2 h 30 min left: a.jsonl")


def test_summary_tells_what_is_not_nothing() -> None:
    whole = ImportProgress("a.jsonl", lines=6, stored=1, known=2, bad=3, resumed_at=9)

    assert summary(whole, dry_run=False) == (
        "a.jsonl: 1 request stored, 2 stored before, 3 bad lines, after line 9"
    )
    assert summary(ImportProgress("b"), dry_run=True) == (
        "b: 0 requests could be stored"
    )
