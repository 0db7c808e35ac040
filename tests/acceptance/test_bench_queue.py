"""The bench of the queue runs from end to end, each section by itself."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import psycopg
import pytest

from benchmarks import measure, queue_growth, queue_stores, queue_workers
from benchmarks.__main__ import main
from benchmarks.errors import BenchError
from benchmarks.queue_crew import hire
from benchmarks.queue_stores import OURS, create_store, refill
from benchmarks.queue_throughput import open_way
from datalayer.queries.operations.queue import count_jobs
from datalayer.server import use_server

PEERS = (
    ["procr. SQL", "procr. API"]
    if importlib.util.find_spec("procrastinate") is not None
    else []
)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sample be one call: these tests look at no times."""
    monkeypatch.setattr(measure, "_SAMPLE_SECONDS", 0.0)
    monkeypatch.setattr(measure, "_WARM_UPS", 1)
    monkeypatch.setattr(queue_growth, "LOOKS", 2)
    monkeypatch.setattr(queue_workers, "WAKES_A_ROUND", 1)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    command = ["queue", "--rounds", "1", "--no-sync", *arguments, "--json"]
    assert main(command) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def test_ways_to_take_jobs_are_compared_for_each_batch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sizes = ("--batch", "1", "--batch", "500", "--workers", "2")

    report = run(capsys, "--section", "throughput", *sizes)

    (table,) = report["sections"]
    ways = ["ours", "by hand", "pgmq archive", "pgmq delete", *PEERS]
    assert table["columns"][: len(ways)] == ways
    assert [row["name"] for row in table["rows"]] == [
        "batches of 1, 2 workers",
        "batches of 500, 2 workers",
    ]
    assert all(
        figure["value"] > 0 for row in table["rows"] for figure in row["figures"]
    )
    assert "fsync off" in report["conditions"]["settings"]
    assert report["command"] == (
        "scripts/bench queue --rows 1000000 --rounds 1 --section throughput"
        " --batch 1 --batch 500 --workers 2 --no-sync"
    )


def test_effort_is_compared_with_the_same_statements_by_hand(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = run(capsys, "--section", "effort", "--batch", "1", "--batch", "50")

    (table,) = report["sections"]
    assert table["columns"] == ["ours", "by hand", "pgmq archive", "ours/by hand"]
    assert [row["name"] for row in table["rows"]] == ["batches of 1", "batches of 50"]
    assert [goal["text"][:12] for goal in table["goals"]] == ["at most 1.1 "]


def test_missing_procrastinate_leaves_the_others_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_stores, "_PROCRASTINATE", "procrastinate_is_not_here")

    report = run(capsys, "--section", "throughput", "--batch", "50", "--workers", "1")

    (table,) = report["sections"]
    assert table["columns"][-1] == "ours/by hand"
    assert "pip install -e '.[bench]'" in table["note"]


def test_polls_are_shown_with_the_plan_that_uses_the_index(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = run(capsys, "--section", "latency", "--rows", "2000")

    claims, polls, inside = report["sections"]
    for section in (claims, polls, inside):
        assert [timing["name"] for timing in section["timings"]] == [
            "2,000 waiting retries, 2,000 posted jobs",
            "2,000 waiting retries",
            "an empty table",
        ]
    assert "idx_queue_ready" in "".join(inside["plans"][0]["lines"])


def test_dead_rows_stay_while_somebody_reads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = run(capsys, "--section", "growth", "--rows", "1000")

    ours, *_ = report["sections"]
    assert [row["name"] for row in ours["rows"]] == [
        "500 jobs, a reader",
        "1,000 jobs, a reader",
        "reader ended, vacuumed",
    ]
    dead = ours["columns"].index("dead rows")
    found = [row["figures"][dead]["value"] for row in ours["rows"]]
    assert found == [1_000, 2_000, 0]
    for table in report["sections"]:
        assert table["rows"][-1]["figures"][dead]["value"] == 0


def test_workers_run_all_jobs_and_wake(capsys: pytest.CaptureFixture[str]) -> None:
    report = run(capsys, "--section", "workers", "--rows", "20")

    jobs, wake = report["sections"]
    assert jobs["columns"][0] == "ours"
    assert [row["name"] for row in jobs["rows"]] == ["1 at once", "10 at once"]
    assert wake["timings"][0]["name"] == "ours"


def test_writers_are_compared_with_and_without_the_trigger(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = run(capsys, "--section", "writers", "--workers", "2")

    (table,) = report["sections"]
    assert table["columns"][:3] == ["no trigger", "trigger", "1 listens"]
    assert [row["name"] for row in table["rows"]] == ["2 writers"]


@pytest.mark.parametrize("way", ["ours", "by hand"])
def test_crew_ends_what_it_claimed(way: str) -> None:
    with use_server() as server:
        url = create_store(server, OURS, "crew")
        with psycopg.connect(url, autocommit=True) as connection:
            refill(connection, OURS, 25)
            with hire(2, open_way, way, url) as crew:
                ended = crew.work(10, 1)

            counts = {row.status: row.jobs for row in count_jobs(connection)}

    assert ended == 20
    assert counts == {
        "scheduled": 5,
        "retrying": 0,
        "processing": 0,
        "posted": 20,
        "dead_letter": 0,
    }


def test_process_that_fails_says_why() -> None:
    nowhere = "host=/nowhere dbname=queue"

    with (
        pytest.raises(BenchError, match="OperationalError"),
        hire(2, open_way, "ours", nowhere),
    ):
        pass
