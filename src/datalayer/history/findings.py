"""What `datalayer history check` can say about a history."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or worth knowing."""

    #: The tracked table, as SQL.
    table: str
    #: A word for programs, such as `undeclared-column`.
    kind: str
    message: str
    help: str | None = None
    #: Worth knowing, and no reason to fail.
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class CheckedHistory:
    """One history and what was found about it."""

    table: str
    #: How many rows were compared with their history, and how many have none.
    compared: int
    without_history: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """What was found about all histories, in the order of their tables."""

    histories: tuple[CheckedHistory, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return all of them, in order."""
        return tuple(each for history in self.histories for each in history.findings)

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing is wrong."""
        return all(finding.is_note for finding in self.findings)
