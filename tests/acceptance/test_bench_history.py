"""The bench of histories runs from end to end, each section by itself."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from benchmarks import history_compression, measure
from benchmarks.__main__ import main
from benchmarks.history_plans import condense
from datalayer.errors import NodeNotFound
from datalayer.server.timescaledb import TimescaleServer
from server_processes import open_folder


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sample be one call: these tests look at no times."""
    monkeypatch.setattr(measure, "_SAMPLE_SECONDS", 0.0)
    monkeypatch.setattr(measure, "_WARM_UPS", 1)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["history", "--rounds", "1", *arguments, "--json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def test_triggers_are_compared_for_every_kind_of_change(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = run(capsys, "--section", "trigger", "--rows", "10")

    many, one, weights = report["sections"]
    names = [row["name"] for row in many["rows"]]
    assert names == [row["name"] for row in one["rows"]]
    assert {"status", "INSERT", "DELETE", "untracked"} < set(names)
    assert many["columns"][-1] == "ours/plain"
    full, ours = (weights["columns"].index(name) for name in ("full row", "ours"))
    for row in weights["rows"]:
        if row["name"].startswith("rows"):
            assert row["figures"][full]["value"] > row["figures"][ours]["value"]
    assert report["command"] == (
        "scripts/bench history --rows 10 --rounds 1 --section trigger"
    )


def test_reads_and_rollups_use_the_database_that_was_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open_folder() as parent:
        keep = ("--keep", str(parent / "kept"), "--rows", "1000")
        reads = run(capsys, "--section", "reads", *keep)
        rollups = run(capsys, "--section", "rollups", *keep)
        mismatch = main(["history", "--section", "reads", *keep[:2], "--rows", "2000"])
        message = capsys.readouterr().err

    assert reads["conditions"] == rollups["conditions"]
    assert reads["conditions"]["history rows"].startswith("1,000 over 90 days")
    latest, timeline, state, *_ = reads["sections"]
    for section in (latest, timeline, state):
        assert section["plans"][0]["lines"]
    assert [timing["calls"] for timing in rollups["sections"][0]["timings"]] == [1] * 3
    assert mismatch == 1
    assert "keeps 1,000 history rows, not 2,000" in message
    assert "help: add `--rows 1000`" in message


@pytest.mark.usefixtures("timescaledb")
def test_segments_of_one_entity_compress_worse_than_those_of_an_action(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = run(capsys, "--section", "compression", "--rows", "5000")

    (table,) = report["sections"]
    assert [row["name"] for row in table["rows"]] == [
        "segments by entity_ref",
        "segments by entity_id",
        "segments by nothing",
    ]
    by_action, by_entity, _ = (row["figures"][2]["value"] for row in table["rows"])
    assert by_action > by_entity


def test_missing_node_leaves_the_other_sections_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> TimescaleServer:
        raise NodeNotFound("no `node` was found", help="install Node.js")

    monkeypatch.setattr(history_compression, "use_timescaledb", fail)

    report = run(capsys, "--section", "compression")

    (table,) = report["sections"]
    assert table["rows"] == []
    assert table["note"] == (
        "not measured: no `node` was found\n  help: install Node.js"
    )


def test_full_disk_is_noticed_before_the_rows_are_loaded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)

    status = main(["history", "--section", "reads"])

    assert status == 1
    message = capsys.readouterr().err
    assert "10,000,000 history rows need 7.3 GB" in message
    assert "help: ask for fewer `--rows`" in message


def test_plan_shows_alike_partitions_once() -> None:
    plan = [
        "Limit (actual time=0.1..0.2 rows=1.00 loops=1)",
        "  ->  Append (actual time=0.1..0.2 rows=2.00 loops=1)",
        *(
            line
            for day in (21, 22, 23)
            for line in (
                f"        ->  Index Scan using h_y2026m11d{day}_idx on"
                f" h_y2026m11d{day} h_{day} (actual time=0.{day}..0.3 rows=1.00)",
                f"              Rows Removed by Filter: {day}",
            )
        ),
        "        ->  Seq Scan on h_default h_24 (never executed)",
    ]

    assert condense(plan) == (
        *plan[:4],
        "        … and 2 more like it",
        plan[-1],
    )
