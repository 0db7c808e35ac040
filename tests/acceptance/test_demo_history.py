"""The demo reads the history that git has, whatever shape it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from demonstration.errors import DemoError
from demonstration.history import State, read_history
from git_repositories import Workbench, create_repository


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    return create_repository(tmp_path / "a repository")


def _documents(folder: Path, file: str | None = "a.json") -> list[object]:
    return [r.document for r in read_history(folder, file).revisions]


def _states(folder: Path, file: str | None = "a.json") -> list[State]:
    return [r.state for r in read_history(folder, file).revisions]


def test_revisions_come_oldest_first(workbench: Workbench) -> None:
    commits = [workbench.commit(f'{{"v": {n}}}') for n in range(3)]

    history = read_history(workbench.folder, "a.json")

    assert [r.commit.id for r in history.revisions] == commits
    assert [r.document for r in history.revisions] == [{"v": 0}, {"v": 1}, {"v": 2}]


def test_commits_of_other_files_do_not_count(workbench: Workbench) -> None:
    workbench.commit("{}")
    workbench.commit("x", "other.txt")

    assert _documents(workbench.folder) == [{}]


def test_deleted_file_that_came_back_has_a_gap(workbench: Workbench) -> None:
    for content in ('{"v": 1}', None, '{"v": 2}'):
        workbench.commit(content)

    assert _states(workbench.folder) == [State.DOCUMENT, State.DELETED, State.DOCUMENT]


def test_file_that_is_gone_today_still_has_its_history(workbench: Workbench) -> None:
    for content in ('{"v": 1}', None):
        workbench.commit(content)

    assert _states(workbench.folder) == [State.DOCUMENT, State.DELETED]


def test_unreadable_revision_is_kept_with_its_reason(workbench: Workbench) -> None:
    for content in ("{}", '{"v": ', "[]"):
        workbench.commit(content)

    revisions = read_history(workbench.folder, "a.json").revisions

    assert [r.state for r in revisions] == [
        State.DOCUMENT,
        State.UNREADABLE,
        State.DOCUMENT,
    ]
    assert revisions[1].reason.startswith("not JSON: Expecting value")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"\xff\xfe", "not UTF-8", id="encoding"),
        pytest.param(b'{"a": NaN}', "`NaN` is not a number", id="nan"),
        pytest.param(b'{"a": 1e999}', "`inf` is not a number", id="infinity"),
        pytest.param(b'"\\ud800"', "not UTF-8", id="half-a-surrogate-pair"),
        pytest.param(b"[" * 100_000, "nested too deeply", id="depth"),
        pytest.param(b"", "Expecting value", id="empty"),
    ],
)
def test_json_that_cannot_be_stored_is_refused(
    workbench: Workbench, content: bytes, reason: str
) -> None:
    workbench.commit(content)

    with pytest.raises(DemoError, match="in any of its 1 commits") as caught:
        read_history(workbench.folder, "a.json")

    assert reason in str(caught.value)


def test_toml_dates_become_text(workbench: Workbench) -> None:
    workbench.commit("day = 2026-01-31\nat = 07:30:00\n", "pyproject.toml")

    assert _documents(workbench.folder, None) == [
        {"day": "2026-01-31", "at": "07:30:00"}
    ]


def test_byte_order_mark_is_ignored(workbench: Workbench) -> None:
    workbench.commit(b"\xef\xbb\xbf{}")

    assert _documents(workbench.folder) == [{}]


def test_renames_are_followed(workbench: Workbench) -> None:
    workbench.commit('{"first": 1}', "old name.json")
    workbench.git("mv", "old name.json", "a.json")
    workbench.git("commit", "--message", "Rename")
    workbench.commit('{"second": 2}')

    revisions = read_history(workbench.folder, "a.json").revisions

    assert [r.commit.path for r in revisions] == ["old name.json", "a.json", "a.json"]
    assert [r.document for r in revisions] == [
        {"first": 1},
        {"first": 1},
        {"second": 2},
    ]


def test_both_sides_of_a_merge_count(workbench: Workbench) -> None:
    workbench.commit('{"a": 0, "b": 0}')
    workbench.git("checkout", "-b", "side")
    workbench.commit('{"a": 1, "b": 0}')
    workbench.git("checkout", "main")
    workbench.commit('{"a": 0, "b": 1}')
    workbench.git("merge", "--strategy", "ours", "--no-commit", "side")
    merge = workbench.commit('{"a": 1, "b": 1}')

    revisions = read_history(workbench.folder, "a.json").revisions

    assert len(revisions) == 4
    assert revisions[-1].commit.id == merge
    assert revisions[-1].commit.parents == 2
    assert revisions[-1].document == {"a": 1, "b": 1}


def test_shallow_clone_begins_where_git_does(
    workbench: Workbench, tmp_path: Path
) -> None:
    for version in range(4):
        workbench.commit(f'{{"v": {version}}}')
    workbench.git(
        "clone",
        "--quiet",
        "--depth",
        "2",
        f"file://{workbench.folder}",
        f"{tmp_path}/s",
    )

    history = read_history(tmp_path / "s", "a.json")

    assert history.repository.shallow
    assert [r.document for r in history.documents] == [{"v": 2}, {"v": 3}]


def test_bare_repository_is_read(workbench: Workbench, tmp_path: Path) -> None:
    workbench.commit("{}")
    workbench.git("clone", "--quiet", "--bare", str(workbench.folder), f"{tmp_path}/b")

    assert _documents(tmp_path / "b") == [{}]


def test_paths_count_from_the_folder_that_was_named(workbench: Workbench) -> None:
    workbench.commit("[1]", "sub/a.json")

    assert _documents(workbench.folder / "sub") == [[1]]
    assert _documents(workbench.folder, "sub/a.json") == [[1]]
    assert _documents(workbench.folder, str(workbench.folder / "sub/a.json")) == [[1]]


def test_names_are_taken_literally(workbench: Workbench) -> None:
    name = 'ä *[x]"\\:.json'
    workbench.commit("[1]", name)
    workbench.commit("[2]", "ä x.json")

    assert _documents(workbench.folder, name) == [[1]]


def test_usual_file_is_found(workbench: Workbench) -> None:
    workbench.commit("{}", "package.json")

    assert read_history(workbench.folder, None).path == "package.json"


def test_settings_of_git_do_not_matter(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    workbench.commit("{}")
    workbench.git("config", "log.showSignature", "true")
    workbench.git("config", "log.follow", "true")
    workbench.git("config", "color.ui", "always")
    monkeypatch.setenv("GIT_DIR", "/nowhere")

    assert _documents(workbench.folder) == [{}]


def _assert_refused(folder: Path, file: str | None, message: str, help: str) -> None:
    with pytest.raises(DemoError) as caught:
        read_history(folder, file)
    assert message in str(caught.value)
    assert f"help: {help}" in str(caught.value)


def test_unknown_file_names_the_nearest(workbench: Workbench) -> None:
    workbench.commit("{}", "package.json")

    _assert_refused(
        workbench.folder,
        "pakage.json",
        "no commit has a file `pakage.json`",
        "name a file of the repository, for example package.json",
    )


def test_file_that_is_not_committed_is_told_apart(workbench: Workbench) -> None:
    workbench.commit("{}")
    (workbench.folder / "new.json").write_text("{}")

    _assert_refused(
        workbench.folder, "new.json", "`new.json` is in no commit yet", "commit it"
    )


def test_folder_is_not_a_file(workbench: Workbench) -> None:
    workbench.commit("{}", "sub/a.json")

    _assert_refused(
        workbench.folder, "sub", "`sub` is a folder", "name a file of the repository"
    )


def test_repository_without_a_usual_file_wants_a_name(workbench: Workbench) -> None:
    workbench.commit("{}", "data.json")

    _assert_refused(
        workbench.folder,
        None,
        "the repository has none of pyproject.toml",
        "name a JSON or TOML file of it: --file PATH, for example data.json",
    )


@pytest.mark.parametrize("file", ["../a.json", "/etc/passwd", "sub/../../a.json"])
def test_file_outside_the_repository_is_refused(
    workbench: Workbench, file: str
) -> None:
    workbench.commit("{}")

    _assert_refused(workbench.folder, file, "is outside the repository", "")


def test_empty_repository_is_refused(workbench: Workbench) -> None:
    _assert_refused(workbench.folder, "a.json", "has no commits", "commit a file")


def test_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    _assert_refused(
        tmp_path, "a.json", "is not a git repository", "git says: fatal: not a git"
    )


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="no such folder"):
        read_history(tmp_path / "nowhere", None)


def test_missing_git_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    _assert_refused(tmp_path, None, "`git` is not on PATH", "install git")
