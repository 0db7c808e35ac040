"""What all errors have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.location import Location

if TYPE_CHECKING:
    from collections.abc import Sequence


class DataLayerError(Exception):
    """The root of all errors of this package.

    The text is lower case without a full stop; `help` says what to do, if anything.
    """

    def __init__(self, message: str, *, help: str | None = None) -> None:
        """Keep the message and the remedy."""
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        """Return the message and, on a line of its own, the remedy."""
        return self.message + (f"\n  help: {self.help}" if self.help else "")


class LocatedError(DataLayerError):
    """A problem at a place in a file."""

    def __init__(
        self,
        message: str,
        *,
        location: Location,
        excerpt: str = "",
        help: str | None = None,
    ) -> None:
        """Keep the place and the excerpt that shows it."""
        super().__init__(message, help=help)
        self.location = location
        self.excerpt = excerpt
        #: Which query uses the fragment that the place is in, if it is in one.
        self.used_by = ""

    def __str__(self) -> str:
        """Return `path:line:column: message`, the excerpt and the remedy."""
        parts = [f"{self.location}: {self.message}"]
        if self.excerpt:
            parts.append(self.excerpt)
        if self.used_by:
            parts.append(f"  used by {self.used_by}")
        if self.help:
            parts.append(f"  help: {self.help}")
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that works yet deserves a look, by the name of its rule."""

    rule: str
    location: Location
    message: str
    help: str | None = None


class ProblemsFound(DataLayerError):
    """All the problems of one run, sorted by place; correct each and run again."""

    def __init__(
        self,
        problems: Sequence[LocatedError],
        *,
        profile: str | None = None,
        findings: Sequence[Finding] = (),
    ) -> None:
        """Keep the problems in the order of their places, and where they appear.

        The findings are those of the queries that are in order.
        """
        self.problems = _merged(sorted(problems, key=lambda p: p.location))
        self.profile = profile
        self.findings = tuple(findings)
        count = len(self.problems)
        where = f" under profile `{profile}`" if profile else ""
        super().__init__(f"{count} problem{'' if count == 1 else 's'} found{where}")

    def __str__(self) -> str:
        """Return each problem and their number."""
        return "\n\n".join([*map(str, self.problems), self.message])


def _merged(problems: Sequence[LocatedError]) -> tuple[LocatedError, ...]:
    """Say once what several queries have of one fragment."""
    found: dict[tuple[object, ...], LocatedError] = {}
    for problem in problems:
        key = (problem.location, problem.message, type(problem))
        first = found.get(key if problem.used_by else (id(problem),))
        if first is None:
            found[key if problem.used_by else (id(problem),)] = problem
        elif problem.used_by not in first.used_by.split(", "):
            found[key] = _used_too(first, problem.used_by)
    return tuple(found.values())


def _used_too(problem: LocatedError, used_by: str) -> LocatedError:
    """Return a problem of one more query; what is given belongs to others as well."""
    kind = type(problem)
    told = kind.__new__(kind, *problem.args)
    told.__dict__.update(problem.__dict__)
    told.used_by = f"{problem.used_by}, {used_by}"
    return told
