"""`migrate` and `status`: read the files, take the lock, compare, apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.errors import LocatedError, ProblemsFound
from datalayer.migrate.connections import connect
from datalayer.migrate.events import (
    Applied,
    AppliedMigration,
    ComponentStatus,
    Event,
    MigrationReport,
    MigrationStatus,
    Note,
    Notice,
    PendingMigration,
)
from datalayer.migrate.examination import Examined, examine, problems_of_files
from datalayer.migrate.execution import apply_file
from datalayer.migrate.files import display_path, read_components
from datalayer.migrate.ledger import create_ledger, find_ledger
from datalayer.migrate.lock import connect_beside, hold_lock
from datalayer.migrate.selection import Selection, select
from datalayer.migrate.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

#: How many seconds to wait for another runner, unless told otherwise.
WAIT = 60.0


def migrate(
    url: str,
    folder: Path,
    *,
    components: Sequence[str] | None = None,
    to: str | None = None,
    profile: str | None = None,
    allow_out_of_order: bool = False,
    wait: float = WAIT,
    report: Callable[[Event], None] | None = None,
) -> MigrationReport:
    """Apply the files of a folder that a database lacks, in order, each exactly once.

    Components that are named bring those they require; `to` is the last version of the
    one that is named. Nothing is applied while a file or the ledger is in disorder. An
    error in a file keeps the files before it.
    """
    selection = select(read_components(folder), components, to)
    problems = _problems_of_files(selection)
    if problems:
        raise ProblemsFound(problems)
    events: list[Event] = []

    def tell(event: Event) -> None:
        events.append(event)
        if report:
            report(event)

    with (
        hold_lock(url, wait=wait, tell=tell) as lock,
        connect_beside(lock, url) as connection,
    ):
        ledger = find_ledger(connection)
        create_ledger(connection, ledger)
        found = examine(
            connection,
            ledger,
            selection,
            profile=profile,
            allow_out_of_order=allow_out_of_order,
        )
        if found.problems:
            raise ProblemsFound(found.problems)
        notes = (*found.notes, *_nothing_there(selection, folder))
        for note in notes:
            tell(note)
        session = Session(connection, lock, ledger, found.profile, tell)
        pending = [each for each in found.pending if selection.includes(each.file)]
        for position, each in enumerate(pending, start=1):
            tell(apply_file(session, each, position=position, total=len(pending)))
    return MigrationReport(
        profile=found.profile,
        applied=tuple(event for event in events if isinstance(event, Applied)),
        notices=tuple(event for event in events if isinstance(event, Notice)),
        notes=notes,
        already_applied=found.already_applied,
    )


def status(
    url: str,
    folder: Path,
    *,
    components: Sequence[str] | None = None,
    profile: str | None = None,
    allow_out_of_order: bool = False,
) -> MigrationStatus:
    """Tell what is applied, what is pending and what is wrong, and change nothing."""
    selection = select(read_components(folder), components, None)
    with connect(url) as connection:
        found = examine(
            connection,
            find_ledger(connection),
            selection,
            profile=profile,
            allow_out_of_order=allow_out_of_order,
        )
    problems = (*_problems_of_files(selection), *found.problems)
    return MigrationStatus(
        profile=found.profile,
        components=tuple(_component_status(each) for each in found.components),
        notes=(*found.notes, *_nothing_there(selection, folder)),
        problems=tuple(sorted(problems, key=lambda problem: problem.location)),
    )


def _problems_of_files(selection: Selection) -> tuple[LocatedError, ...]:
    of_files = (p for each in selection.components for p in problems_of_files(each))
    return (*selection.problems, *of_files)


def _nothing_there(selection: Selection, folder: Path) -> tuple[Note, ...]:
    """Note a folder without migrations, which may be the wrong one."""
    if selection.known:
        return ()
    return (Note(display_path(folder), "holds no migrations"),)


def _component_status(examined: Examined) -> ComponentStatus:
    applied = (
        AppliedMigration(
            version=row.version,
            name=row.name,
            variant=row.variant,
            applied_by=row.applied_by,
            applied_at=row.applied_at,
            milliseconds=row.milliseconds,
        )
        for row in examined.rows
        if row.is_applied
    )
    pending = (
        PendingMigration(
            version=each.file.version,
            name=each.file.name,
            variant=each.file.variant,
            path=each.file.path,
            statements=len(each.file.statements),
            statements_done=each.done,
            half_applied=each.row is not None,
        )
        for each in examined.comparison.pending
    )
    return ComponentStatus(examined.component.name, tuple(applied), tuple(pending))
