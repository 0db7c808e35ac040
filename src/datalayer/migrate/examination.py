"""A folder of migrations against a database: what is left, what does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.errors import LocatedError, ProfileConflict
from datalayer.migrate.comparison import Comparison, Pending, compare
from datalayer.migrate.events import Note
from datalayer.migrate.files import PROFILES, Component
from datalayer.migrate.ledger import Ledger, LedgerRow, has_timescaledb, read_ledger
from datalayer.migrate.versions import check_versions, files_of_profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from datalayer.migrate.selection import Selection


@dataclass(frozen=True, slots=True)
class Examined:
    """One component beside its rows."""

    component: Component
    rows: tuple[LedgerRow, ...]
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Examination:
    """All components of a selection beside the ledger."""

    profile: str
    components: tuple[Examined, ...]
    strangers: tuple[Note, ...]

    @property
    def problems(self) -> tuple[LocatedError, ...]:
        """Return what does not fit, in all components."""
        return tuple(p for each in self.components for p in each.comparison.problems)

    @property
    def notes(self) -> tuple[Note, ...]:
        """Return what is worth knowing, in all components."""
        found = [n for each in self.components for n in each.comparison.notes]
        return (*found, *self.strangers)

    @property
    def pending(self) -> tuple[Pending, ...]:
        """Return what is left to apply, in order."""
        return tuple(f for each in self.components for f in each.comparison.pending)

    @property
    def already_applied(self) -> int:
        """Return how many files of the components were applied before."""
        rows = (row for each in self.components for row in each.rows)
        return sum(row.is_applied for row in rows)


def problems_of_files(component: Component) -> tuple[LocatedError, ...]:
    """Return all that can be told to be wrong without a database."""
    return (*component.problems, *check_versions(component.files))


def examine(
    connection: psycopg.Connection,
    ledger: Ledger,
    selection: Selection,
    *,
    profile: str | None,
    allow_out_of_order: bool,
) -> Examination:
    """Compare the selected components, but for those in disorder, with the ledger."""
    rows = read_ledger(connection, ledger)
    chosen = _choose_profile(connection, rows, profile)
    examined = []
    for component in selection.components:
        if problems_of_files(component):
            continue
        own = tuple(row for row in rows if row.component == component.name)
        comparison = compare(
            component.path,
            files_of_profile(component.files, chosen),
            own,
            allow_out_of_order=allow_out_of_order,
        )
        examined.append(Examined(component, own, comparison))
    return Examination(chosen, tuple(examined), _strangers(rows, selection))


def _choose_profile(
    connection: psycopg.Connection, rows: Sequence[LedgerRow], asked: str | None
) -> str:
    """Return the profile of a database: recorded, else asked for, else what it can."""
    if asked is not None and asked not in PROFILES:
        raise ProfileConflict(
            f"unknown profile `{asked}`",
            help=f"the profiles are {', '.join(f'`{p}`' for p in PROFILES)}",
        )
    if rows:
        recorded = rows[-1].profile
        if asked not in (None, recorded):
            raise ProfileConflict(
                f"the database was built with the profile `{recorded}`, not `{asked}`",
                help=f"a database keeps its profile: leave `--profile {asked}` out, or "
                "build a new database",
            )
        return recorded
    if asked is not None:
        return asked
    return "timescaledb" if has_timescaledb(connection) else "native"


def _strangers(rows: Sequence[LedgerRow], selection: Selection) -> tuple[Note, ...]:
    """Note the components that another folder brought, or whose folder is gone."""
    names = sorted({row.component for row in rows} - set(selection.known))
    return tuple(
        Note(name, "is recorded in the database, but has no folder here")
        for name in names
    )
