"""What each commit left of a file: a document, a deletion or something to skip."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from demonstration.documents import Json, NotADocument, read_document
from demonstration.errors import DemoError
from demonstration.git import (
    Commit,
    Repository,
    is_folder,
    list_commits,
    list_files,
    open_repository,
    read_contents,
)

#: What is taken when no file is named, the first that the repository has.
USUAL_FILES = ("pyproject.toml", "package.json", "composer.json", "Cargo.toml")


class State(Enum):
    """What a commit left of the file."""

    DOCUMENT = "document"
    DELETED = "deleted"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Revision:
    """The file as one commit left it."""

    commit: Commit
    state: State
    #: The document, when there is one.
    document: Json = None
    #: Why there is none.
    reason: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """All revisions of a file, oldest first."""

    repository: Repository
    path: str
    revisions: tuple[Revision, ...]

    @property
    def documents(self) -> tuple[Revision, ...]:
        """Return the revisions that are documents."""
        return tuple(r for r in self.revisions if r.state is State.DOCUMENT)


def read_history(folder: Path, file: str | None) -> History:
    """Read every revision of a file; raise `DemoError` when there is no document."""
    repository = open_repository(folder)
    path = _choose(repository) if file is None else _locate(repository, folder, file)
    commits = list_commits(repository, path)
    if not commits:
        raise _missing(repository, path)
    if is_folder(repository, path):
        raise DemoError(
            f"`{path}` is a folder",
            help="name a file of the repository" + _suggest(repository, path),
        )
    history = History(repository, path, tuple(_read(repository, commits)))
    if not history.documents:
        reasons = {r.reason for r in history.revisions if r.reason}
        raise DemoError(
            f"`{path}` is not a JSON or TOML file in any of its {len(commits)} commits",
            help=f"for example: {min(reasons)}" if reasons else "name a file",
        )
    return history


def _choose(repository: Repository) -> str:
    files = set(list_files(repository))
    for name in USUAL_FILES:
        if name in files:
            return name
    raise DemoError(
        f"the repository has none of {', '.join(USUAL_FILES)} at its top",
        help="name a JSON or TOML file of it: --file PATH" + _suggest(repository, ""),
    )


def _locate(repository: Repository, folder: Path, file: str) -> str:
    """Return the path in the repository of a path below the folder, or of any path."""
    if not file or any(sign in file for sign in "\n\0"):
        raise DemoError(f"not the name of a file: {file!r}")
    if Path(file).is_absolute() and not repository.bare:
        # The folder is resolved and the file is not: it may be a symbolic link itself.
        parent = Path(file).parent.resolve()
        top = repository.top.resolve()
        if not parent.is_relative_to(top):
            raise DemoError(
                f"{file} is outside the repository {repository.top}",
                help="name its repository: --repo PATH",
            )
        return (parent.relative_to(top) / Path(file).name).as_posix()
    path = posixpath.normpath(repository.prefix + file)
    if path.startswith(("../", "/")) or path == "..":
        raise DemoError(
            f"`{file}` is outside the repository {repository.top}",
            help=f"paths count from {folder}",
        )
    return path


def _read(repository: Repository, commits: list[Commit]) -> Iterator[Revision]:
    contents = read_contents(repository, commits)
    for commit, content in zip(commits, contents, strict=True):
        if content is None:
            yield Revision(commit, State.DELETED)
            continue
        try:
            document = read_document(content, commit.path)
        except NotADocument as error:
            yield Revision(commit, State.UNREADABLE, reason=str(error))
        else:
            yield Revision(commit, State.DOCUMENT, document, size=len(content))


def _missing(repository: Repository, path: str) -> DemoError:
    if not repository.bare and (repository.top / path).exists():
        return DemoError(f"`{path}` is in no commit yet", help="commit it first")
    return DemoError(
        f"no commit has a file `{path}`",
        help="name a file of the repository" + _suggest(repository, path),
    )


def _suggest(repository: Repository, path: str) -> str:
    files = list_files(repository)
    documents = [file for file in files if file.endswith((".json", ".toml"))]
    near = difflib.get_close_matches(path, documents, n=3, cutoff=0.5) or documents[:3]
    return f", for example {', '.join(near)}" if near else ""
