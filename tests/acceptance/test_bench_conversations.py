"""The bench of conversations runs from end to end, each section by itself."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from benchmarks import conversations_indexes, conversations_plans, measure
from benchmarks.__main__ import main
from benchmarks.conversations_load import DATABASE
from benchmarks.conversations_read_conversations import list_conversation_reads
from benchmarks.round_trips import turns
from datalayer.server import use_server
from server_processes import open_folder

SIZE = ("--rows", "3000")


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sample be one call: these tests look at no times."""
    monkeypatch.setattr(measure, "_SAMPLE_SECONDS", 0.0)
    monkeypatch.setattr(measure, "_WARM_UPS", 1)
    monkeypatch.setattr(conversations_indexes, "_WEIGHED", 2)


def run(
    capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0
) -> dict[str, Any]:
    command = ["conversations", "--rounds", "1", *arguments, "--json"]
    assert main(command) == status
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def test_what_is_stored_is_counted_and_compared_with_copy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sizes = ("--chunks", "20", "--lines", "10", "--no-sync")

    report = run(capsys, "--section", "store", "--section", "import", *sizes)

    exchanges, chunks, rate, memory = report["sections"]
    trips = {row["name"]: row["figures"][0]["value"] for row in exchanges["rows"]}
    assert trips["not linked"] == 3
    assert trips["not linked, 1 trans."] == 5
    assert trips["linked"] > 3
    assert chunks["columns"][:2] == ["store_chunks", "rows, autocommit"]
    assert [row["name"] for row in chunks["rows"]] == ["20 chunks"]
    assert [row["name"] for row in rate["rows"]] == ["import", "COPY"]
    assert [row["name"] for row in memory["rows"]] == ["10 lines", "100 lines"]
    assert report["command"] == (
        "scripts/bench conversations --rows 5000000 --rounds 1 --section store"
        " --section import --chunks 20 --lines 10 --no-sync"
    )


def test_plans_are_judged_and_a_missing_index_is_noticed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_folder() as parent, use_server(parent / "kept") as server:
        keep = ("--keep", str(parent / "kept"), *SIZE)
        good = run(capsys, "--section", "plans", "--section", "indexes", *keep)
        drop_index(server.url(), "idx_requests_conversation_window")
        monkeypatch.setattr(conversations_plans, "list_reads", list_conversation_reads)
        bad = run(capsys, "--section", "plans", *keep, status=1)
        mismatch = main(["conversations", "--section", "plans", *keep, "--rows", "9"])
        message = capsys.readouterr().err

    plans, indexes = good["sections"]
    assert good["conditions"]["requests"].startswith("3,000 of ")
    assert all(goal["reached"] for goal in plans["goals"])
    assert len(plans["plans"]) > len(plans["rows"]) > 50
    names = [row["name"] for row in indexes["rows"]]
    assert names[0] == "all indexes"
    assert names[-1] == "without all but the key"
    assert "without idx_requests_conversation_window" in names
    _, index_only, _ = bad["sections"][0]["goals"]
    assert not index_only["reached"]
    assert "conversations: first page" in index_only["text"]
    assert mismatch == 1
    assert "keeps 3,000 requests, not 9" in message


def drop_index(server_url: str, name: str) -> None:
    url = make_conninfo(server_url, dbname=DATABASE)
    with psycopg.connect(url) as connection:
        connection.execute(f"DROP INDEX {name}".encode())


def test_turns_are_counted_where_the_server_answers_the_client() -> None:
    there, back = "F\t6\tSync", "B\t5\tReadyForQuery\t I"
    lines = [there, there, back, back, "continued\tF\ttext", there, back]

    trace = "\n".join(f"2026-11-21 16:08:42.933006\t{line}" for line in lines)

    assert turns(trace) == 2


def test_help_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["conversations", "--help"])

    assert len(capsys.readouterr().out) < 5_000
