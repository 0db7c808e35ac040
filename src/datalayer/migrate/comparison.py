"""The files of a component against what the ledger records of it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.errors import (
    LateMigrationError,
    LocatedError,
    MigrationEditedError,
    MigrationMissingError,
)
from datalayer.lexer import split_statements
from datalayer.location import Location
from datalayer.migrate.events import Note
from datalayer.migrate.files import tokens_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.migrate.files import MigrationFile
    from datalayer.migrate.ledger import LedgerRow

_DIFF_LINES = 40


@dataclass(frozen=True, slots=True)
class Pending:
    """A file that is left to apply, as a whole or from some statement on."""

    file: MigrationFile
    #: How many statements are applied already.
    done: int = 0
    #: The row of a file that is applied in part.
    row: LedgerRow | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is left to apply, and what does not fit."""

    pending: tuple[Pending, ...]
    problems: tuple[LocatedError, ...]
    notes: tuple[Note, ...]


def compare(
    folder: str,
    files: Sequence[MigrationFile],
    rows: Sequence[LedgerRow],
    *,
    allow_out_of_order: bool = False,
) -> Comparison:
    """Compare the files of one component and profile with its rows."""
    by_number = {file.number: file for file in files}
    problems: list[LocatedError] = []
    notes: list[Note] = []
    for row in rows:
        file = by_number.get(row.number)
        found = _missing(folder, row) if file is None else _difference(file, row)
        if isinstance(found, Note):
            notes.append(found)
        elif found:
            problems.append(found)
    by_row = {row.number: row for row in rows}
    pending = [
        _pending(file, own)
        for file in files
        if (own := by_row.get(file.number)) is None or not own.is_applied
    ]
    if rows and not allow_out_of_order:
        newest = max(rows, key=lambda row: row.number)
        new = (each.file for each in pending if each.row is None)
        problems.extend(_late(file, newest) for file in new if _is_late(file, newest))
    return Comparison(tuple(pending), tuple(problems), tuple(notes))


def _pending(file: MigrationFile, row: LedgerRow | None) -> Pending:
    return Pending(file, (row and row.statements_done) or 0, row)


def _is_late(file: MigrationFile, newest: LedgerRow) -> bool:
    return file.number < newest.number


def _difference(file: MigrationFile, row: LedgerRow) -> LocatedError | Note | None:
    if not row.is_applied:
        return None if _goes_on(file, row) else _edited(file, row)
    if file.tokens_hash != row.tokens_hash:
        return _edited(file, row)
    if file.name != row.name or file.variant != row.variant:
        return Note(file.path, f"was applied as `{row.file_name}`, with the same SQL")
    if file.bytes_hash != row.bytes_hash:
        return Note(
            file.path,
            "was edited after it was applied, but only in comments or white space",
        )
    return None


def _goes_on(file: MigrationFile, row: LedgerRow) -> bool:
    """Tell whether a file begins with the statements that a row has as done."""
    done = row.statements_done or 0
    finished = split_statements(row.text)[:done]
    if file.inside > done or len(file.statements) < done:
        return False
    return all(
        tokens_hash(row.text[old.start : old.end])
        == tokens_hash(file.statement_text(number))
        for number, old in enumerate(finished)
    )


def _edited(file: MigrationFile, row: LedgerRow) -> LocatedError:
    before, after = row.text.splitlines(), file.text.splitlines()
    same = [old == new for old, new in zip(before, after, strict=False)]
    first = same.index(False) if False in same else len(same)
    diff = list(difflib.unified_diff(before, after, "applied", file.path, lineterm=""))
    if len(diff) > _DIFF_LINES:
        diff[_DIFF_LINES:] = [f"… {len(diff) - _DIFF_LINES} more lines"]
    message, remedy = _told(file, row)
    return MigrationEditedError(
        message,
        location=Location(file.path, min(first + 1, max(1, len(after)))),
        excerpt="\n".join(f"  {line}" for line in diff),
        help=remedy,
    )


def _told(file: MigrationFile, row: LedgerRow) -> tuple[str, str]:
    """Return what is wrong with an edited file, and the remedy."""
    when = f"on {row.applied_at:%Y-%m-%d} by `{row.applied_by}`"
    if not row.is_applied:
        return _told_of_a_part(file, row, when)
    if file.name == row.name:
        return (
            f"edited after it was applied {when}",
            "restore the file, and put the change into a new one",
        )
    # Two branches took the same number, and the other one was applied.
    return (
        f"version {row.version} was applied {when} as `{row.file_name}`",
        f"restore `{row.file_name}`, and give this one the next free number",
    )


def _told_of_a_part(file: MigrationFile, row: LedgerRow, when: str) -> tuple[str, str]:
    done = row.statements_done or 0
    state = f"{done} of {row.statements}, {when}"
    if file.inside > done:
        return (
            f"its transaction is applied already, in part: {state}",
            "move the line `-- datalayer: transaction=off` up again, above the "
            "statements that are not done",
        )
    return (
        f"edited in the statements that are done: {state}",
        "restore these; what comes after them may be changed",
    )


def _missing(folder: str, row: LedgerRow) -> LocatedError:
    return MigrationMissingError(
        f"version {row.version} was applied on {row.applied_at:%Y-%m-%d} by "
        f"`{row.applied_by}`, but its file `{row.file_name}` is gone",
        location=row.location(folder),
        help="restore the file from version control; "
        "its text is also in the column `sql_text` of `datalayer_migration`",
    )


def _late(file: MigrationFile, newest: LedgerRow) -> LocatedError:
    return LateMigrationError(
        f"version {file.version} is older than `{newest.file_name}`, which was applied "
        f"on {newest.applied_at:%Y-%m-%d}",
        location=Location(file.path),
        help=f"rename it to a version after {newest.version}, "
        "or apply it late with `--allow-out-of-order`",
    )
