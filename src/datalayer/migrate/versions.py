"""One file for each version: duplicates, variants, and the choice of a profile."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from datalayer.errors import (
    DuplicateVersionError,
    IncompleteVariantsError,
    LocatedError,
)
from datalayer.location import Location
from datalayer.migrate.files import PROFILES, has_variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from datalayer.migrate.files import MigrationFile


def check_versions(files: Iterable[MigrationFile]) -> tuple[LocatedError, ...]:
    """Return what keeps each version from being one file for each profile."""
    return tuple(problem for group in _by_number(files) for problem in _check(group))


def files_of_profile(
    files: Iterable[MigrationFile], profile: str
) -> tuple[MigrationFile, ...]:
    """Return the file of each version that a profile applies, in order."""
    return tuple(file for file in files if file.variant in (None, profile))


def profiles_of(folder: Path) -> tuple[str, ...]:
    """Return the profiles under which a folder builds different databases.

    Without variants all are the same, and the first one stands for them.
    """
    return PROFILES if has_variants(folder) else PROFILES[:1]


def _by_number(files: Iterable[MigrationFile]) -> Iterator[list[MigrationFile]]:
    ordered = sorted(files, key=lambda file: file.number)
    for _, group in groupby(ordered, key=lambda file: file.number):
        yield list(group)


def _check(group: list[MigrationFile]) -> Iterator[LocatedError]:
    first, *others = group
    is_set = first.variant is not None
    seen = {first.variant}
    for file in others:
        fits = is_set and file.variant is not None and file.variant not in seen
        if not fits or file.name != first.name:
            yield _duplicate(first, file)
        seen.add(file.variant)
    missing = [profile for profile in PROFILES if profile not in seen]
    if is_set and None not in seen and missing:
        yield _incomplete(first, missing[0])


def _duplicate(first: MigrationFile, second: MigrationFile) -> LocatedError:
    return DuplicateVersionError(
        f"version {second.version} is also `{first.path}`",
        location=Location(second.path),
        help="give one of them the next free number; only the variants of one name "
        "share a version",
    )


def _incomplete(file: MigrationFile, profile: str) -> LocatedError:
    return IncompleteVariantsError(
        f"version {file.version} has no variant for the profile `{profile}`",
        location=Location(file.path),
        help=f"add `{file.version}_{file.name}.{profile}.sql`; if there is nothing to "
        "do, a comment that says why is enough",
    )
