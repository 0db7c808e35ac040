"""The demo puts a real history into the artifacts domain and checks it against git."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import datalayer
from datalayer.domains.artifacts import materialise_at
from demonstration import acts
from demonstration.__main__ import main
from demonstration.history import read_history
from demonstration.importing import Imported, import_history
from git_repositories import Workbench, create_repository
from server_processes import await_true, open_folder

ROOT = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, "-P", "-m", "demonstration"]


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    return create_repository(tmp_path / "repository")


@pytest.fixture
def database(database_url: str) -> Iterator[datalayer.Database]:
    with datalayer.open(database_url, pool_size=1) as opened:
        yield opened


def _import(
    database: datalayer.Database, workbench: Workbench, max_depth: int = 50
) -> Imported:
    history = read_history(workbench.folder, "a.json")
    return import_history(database, history, max_depth=max_depth, advance=lambda: None)


def _verify(database: datalayer.Database, imported: Imported) -> list[str]:
    wrong = acts.verify(database, imported.stored, lambda: None)
    return [each.revision.commit.id for each in wrong]


def _environment(**changes: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "scripts")} | changes


def _run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *arguments],
        env=_environment(**changes),
        capture_output=True,
        text=True,
        check=False,
    )


# What is imported


def test_each_commit_becomes_a_base_or_a_patch(
    database: datalayer.Database, workbench: Workbench
) -> None:
    for content in ('{"a": [1]}', '{"a": [1, 2]}', '{"b": null}'):
        workbench.commit(content)

    imported = _import(database, workbench)

    assert [each.depth for each in imported.stored] == [0, 1, 2]
    assert _verify(database, imported) == []


def test_unchanged_document_becomes_an_empty_patch(
    database: datalayer.Database, workbench: Workbench
) -> None:
    for content in ('{"a": 1}', '{  "a": 1  }'):
        workbench.commit(content)

    imported = _import(database, workbench)

    assert [each.operations for each in imported.stored] == [0, 0]
    assert [each.depth for each in imported.stored] == [0, 1]


def test_values_that_python_finds_equal_stay_different(
    database: datalayer.Database, workbench: Workbench
) -> None:
    for content in ('{"a": 1}', '{"a": true}', '{"a": 1.0}', "[1]", "[true]", "1"):
        workbench.commit(content)

    imported = _import(database, workbench)

    assert _verify(database, imported) == []


def test_file_that_came_back_begins_a_new_base(
    database: datalayer.Database, workbench: Workbench
) -> None:
    for content in ("[1]", "[2]", None, "[3]", "[4]", None, "[5]"):
        workbench.commit(content)

    imported = _import(database, workbench)

    assert [each.depth for each in imported.stored] == [0, 1, 0, 1, 0]
    assert _verify(database, imported) == []


def test_unreadable_revision_is_skipped(
    database: datalayer.Database, workbench: Workbench
) -> None:
    for content in ("[1]", "[", "[2]"):
        workbench.commit(content)

    imported = _import(database, workbench)

    assert [each.depth for each in imported.stored] == [0, 1]


def test_full_chain_is_compacted_on_the_way(
    database: datalayer.Database, workbench: Workbench
) -> None:
    workbench.commit_all([{"v": number} for number in range(10)])

    imported = _import(database, workbench, max_depth=3)

    assert [each.depth for each in imported.stored] == [0, 1, 2, 3, 1, 2, 3, 1, 2, 3]
    assert imported.compactions == 2
    assert _verify(database, imported) == []


def test_chain_holds_every_step_of_the_way(
    database: datalayer.Database, workbench: Workbench
) -> None:
    workbench.commit_all([[number] for number in range(4)])

    head = _import(database, workbench).stored[-1].artifact_id

    with database.connection() as connection:
        steps = [materialise_at(connection, head_id=head, seq=seq) for seq in range(4)]
    assert steps == [[0], [1], [2], [3]]


def test_verification_notices_another_document(
    database: datalayer.Database, workbench: Workbench
) -> None:
    workbench.commit_all([{"v": 1}, {"v": 2}])
    imported = _import(database, workbench)
    first, second = imported.stored
    other = dataclasses.replace(second.revision, document={"v": True})
    broken = dataclasses.replace(
        imported, stored=(first, dataclasses.replace(second, revision=other))
    )

    assert _verify(database, broken) == [second.revision.commit.id]


# What is shown


def test_compacted_base_is_found_by_the_index(
    database: datalayer.Database, workbench: Workbench
) -> None:
    workbench.commit_all([[number] for number in range(5)])
    imported = _import(database, workbench)

    compacted = acts.compact_newest(database, imported)
    assert compacted is not None
    lookup = acts.look_up(database, compacted)

    assert compacted.same_document
    assert compacted.patch.depth == 4
    assert lookup.found
    assert "idx_artifact_compacted_from" in "".join(lookup.plan)


def test_tag_is_moved_undone_and_redone(
    database: datalayer.Database, workbench: Workbench
) -> None:
    workbench.commit_all([[number] for number in range(3)])
    imported = _import(database, workbench)
    acts.compact_newest(database, imported)

    steps = acts.walk_tag(database, imported)

    first, last = (imported.stored[n].revision.commit.id[:7] for n in (0, -1))
    assert [step.commit for step in steps] == [first, last, first]
    assert all(step.as_expected for step in steps)


def test_newest_base_without_patches_leaves_an_older_chain_to_compact(
    database: datalayer.Database, workbench: Workbench
) -> None:
    for content in ("[1]", "[2]", None, "[3]"):
        workbench.commit(content)
    imported = _import(database, workbench)

    compacted = acts.compact_newest(database, imported)

    assert compacted is not None
    assert compacted.same_document
    assert all(step.as_expected for step in acts.walk_tag(database, imported))


# The command


@pytest.fixture
def json_report(
    workbench: Workbench, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    """What the demo prints as JSON about a history with everything in it."""
    for content in ('{"a": 1}', '{"a": 2}', "{", None, '{"a": 3}', '{"a": 4}'):
        workbench.commit(content)
    workbench.git("checkout", "-b", "side")
    workbench.commit('{"a": 5}')
    workbench.git("checkout", "main")
    workbench.commit("x", "other.txt")
    workbench.git("merge", "--no-commit", "side")
    workbench.commit('{"a": 6}')
    repository = str(workbench.folder)

    status = main(["--repo", repository, "--file", "a.json", "--json"])

    assert status == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def test_json_tells_everything(json_report: dict[str, Any]) -> None:
    counts = ("commits", "merges", "deletions", "bases", "patches", "equal")
    assert {name: json_report[name] for name in counts} == {
        "commits": 8,
        "merges": 1,
        "deletions": 1,
        "bases": 2,
        "patches": 4,
        "equal": 6,
    }
    assert json_report["passed"]
    assert [len(json_report["skipped"]), json_report["different"]] == [1, []]
    assert json_report["compacted"]["depth"] == 3
    assert json_report["lookup"]["found"]
    assert set(json_report["seconds"]) == {
        "read", "server", "migrate", "import", "verify", "compact", "lookup", "tag",
    }  # fmt: skip


@pytest.mark.parametrize("columns", [40, 80])
def test_report_fits_the_terminal(
    workbench: Workbench,
    columns: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workbench.commit_all([{"v": number} for number in range(4)])
    monkeypatch.setenv("COLUMNS", str(columns))

    status = main(["--repo", str(workbench.folder), "--file", "a.json"])

    output = capsys.readouterr().out
    assert status == 0
    assert max(len(line) for line in output.splitlines()) <= columns
    assert "all 4 documents are exactly what git has" in " ".join(output.split())
    assert "3 patches became" in output
    assert "\x1b" not in output


def test_single_commit_has_nothing_to_compact(
    workbench: Workbench, capsys: pytest.CaptureFixture[str]
) -> None:
    workbench.commit("{}")

    status = main(["--repo", str(workbench.folder), "--file", "a.json"])

    output = capsys.readouterr().out
    assert status == 0
    assert "no patch, so nothing to compact" in output
    assert "the document is exactly what git has" in output


def test_bad_input_is_one_message(workbench: Workbench) -> None:
    workbench.commit("no json", "readme.txt")

    result = _run("--repo", str(workbench.folder), "--file", "readme.txt")

    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("scripts/demo: `readme.txt` is not a JSON or TOML")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments", [("--nonsense",), ("--max-depth", "0")], ids=lambda a: a[0]
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert _run(*arguments).returncode == 2


def test_interrupted_demo_leaves_nothing_behind(workbench: Workbench) -> None:
    workbench.commit_all([{"v": list(range(number))} for number in range(2000)])
    with open_folder() as temporary:
        process = subprocess.Popen(
            [*DEMO, "--repo", str(workbench.folder), "--file", "a.json"],
            env=_environment(TMPDIR=str(temporary)),
            stderr=subprocess.PIPE,
            text=True,
        )
        await_true(lambda: bool(list(temporary.rglob("postmaster.pid"))))
        server = int(next(temporary.rglob("postmaster.pid")).read_text().split()[0])

        process.send_signal(signal.SIGINT)
        _, messages = process.communicate()

        assert process.returncode == 130
        assert messages == "interrupted: the throw-away server is gone\n"
        assert list(temporary.glob("datalayer-*/*/")) == []
        with pytest.raises(ProcessLookupError):
            os.kill(server, 0)


def test_closed_pipe_ends_quietly(workbench: Workbench) -> None:
    workbench.commit_all([[1], [2]])
    read_end, write_end = os.pipe()
    os.close(read_end)

    result = subprocess.run(
        [*DEMO, "--repo", str(workbench.folder), "--file", "a.json"],
        env=_environment(),
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    os.close(write_end)
    assert (result.returncode, result.stderr) == (1, "")
