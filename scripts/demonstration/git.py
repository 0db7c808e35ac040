"""What git knows of a file: its path in the repository, commits and contents."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from demonstration.errors import DemoError

#: All other `GIT_` variables could point git at another repository.
_KEPT = (
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository; git runs at its top, so that paths count from there."""

    top: Path
    bare: bool
    shallow: bool
    #: Where the folder that was asked for is below `top`: `` or `sub/folder/`.
    prefix: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit and the path that the file had in it."""

    id: str
    parents: int
    path: str
    subject: str


def open_repository(folder: Path) -> Repository:
    """Find the repository of a folder; raise `DemoError` when there is none."""
    if shutil.which("git") is None:
        raise DemoError(
            "`git` is not on PATH", help="install git; the demo reads a real history"
        )
    if not folder.is_dir():
        raise DemoError(f"no such folder: {folder}")
    found = _start(
        folder, "rev-parse", "--is-bare-repository", "--is-shallow-repository"
    )
    if found.returncode:
        raise DemoError(
            f"{folder} is not a git repository that can be read",
            help=f"git says: {_first_line(found.stderr)}",
        )
    if _start(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").returncode:
        raise DemoError(f"{folder} has no commits", help="commit a file first")
    bare, shallow = (line == "true" for line in found.stdout.split())
    if bare:
        return Repository(folder, bare, shallow, prefix="")
    top = Path(run_git(folder, "rev-parse", "--show-toplevel").removesuffix("\n"))
    prefix = run_git(folder, "rev-parse", "--show-prefix").removesuffix("\n")
    return Repository(top, bare, shallow, prefix)


def list_files(repository: Repository) -> list[str]:
    """Return the path of each file in the newest commit."""
    listing = run_git(
        repository.top, "ls-tree", "-r", "-z", "--full-tree", "--name-only", "HEAD"
    )
    return [path for path in listing.split("\0") if path]


def is_folder(repository: Repository, path: str) -> bool:
    """Tell whether a path is a folder in the newest commit."""
    result = _start(repository.top, "cat-file", "-t", f"HEAD:{path}")
    return result.stdout.strip() == "tree"


def list_commits(repository: Repository, path: str) -> list[Commit]:
    """Return the commits that changed a file, oldest first, across its renames."""
    commits: list[Commit] = []
    revision = "HEAD"
    seen: set[tuple[str, str]] = set()
    while (revision, path) not in seen:
        seen.add((revision, path))
        part = _list_commits_of_path(repository, revision, path)
        commits += part
        source = _renamed_from(repository, part[-1]) if part else None
        if source is None:
            break
        revision, path = f"{part[-1].id}^", source
    return commits[::-1]


def read_contents(
    repository: Repository, commits: Sequence[Commit]
) -> Iterator[bytes | None]:
    """Yield the file's content in each commit, or None where it is not a file."""
    command = ["git", "-C", str(repository.top), "cat-file", "--batch"]
    with subprocess.Popen(
        command,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for commit in commits:
            process.stdin.write(os.fsencode(f"{commit.id}:{commit.path}\n"))
            process.stdin.flush()
            header = process.stdout.readline().rsplit(maxsplit=2)
            if not header:
                raise DemoError(f"`git cat-file` stopped at commit {commit.id}")
            if len(header) < 3 or not header[2].isdigit():
                yield None
                continue
            content = process.stdout.read(int(header[2]) + 1)[:-1]
            yield content if header[1] == b"blob" else None
        process.stdin.close()


def run_git(folder: Path, *arguments: str) -> str:
    """Return what a git command prints; raise `DemoError` when it fails."""
    result = _start(folder, *arguments)
    if result.returncode:
        raise DemoError(f"`git {arguments[0]}` failed: {_first_line(result.stderr)}")
    return result.stdout


def _list_commits_of_path(
    repository: Repository, revision: str, path: str
) -> list[Commit]:
    listing = run_git(
        repository.top,
        "--literal-pathspecs",
        "-c",
        "log.follow=false",
        "log",
        "-z",
        "--topo-order",
        "--no-show-signature",
        "--encoding=UTF-8",
        "--format=%H%n%P%n%s",
        revision,
        "--",
        path,
    )
    commits = []
    for entry in listing.split("\0"):
        if entry:
            commit, parents, subject = entry.split("\n", 2)
            commits.append(Commit(commit, len(parents.split()), path, subject))
    return commits


def _renamed_from(repository: Repository, commit: Commit) -> str | None:
    """Return the path that a file had before the commit that brought it, if any."""
    if commit.parents != 1:
        return None
    listing = run_git(
        repository.top,
        "diff-tree",
        "-r",
        "-z",
        "-M",
        "--no-commit-id",
        "--diff-filter=R",
        "--name-status",
        commit.id,
    )
    fields = listing.split("\0")
    for status, source, target in zip(
        fields[0::3], fields[1::3], fields[2::3], strict=False
    ):
        if status.startswith("R") and target == commit.path:
            return source
    return None


def _start(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _KEPT
    }
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0] if lines else "nothing"
