"""One class for each thing that a user can do wrong."""

from __future__ import annotations

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

    def __str__(self) -> str:
        """Return `path:line:column: message`, the excerpt and the remedy."""
        parts = [f"{self.location}: {self.message}"]
        if self.excerpt:
            parts.append(self.excerpt)
        if self.help:
            parts.append(f"  help: {self.help}")
        return "\n".join(parts)


class ProblemsFound(DataLayerError):
    """All the problems of one run, sorted by place; correct each and run again."""

    def __init__(self, problems: Sequence[LocatedError]) -> None:
        """Keep the problems in the order of their places."""
        self.problems = tuple(sorted(problems, key=lambda p: p.location))
        count = len(self.problems)
        super().__init__(f"{count} problem{'' if count == 1 else 's'} found")

    def __str__(self) -> str:
        """Return each problem and their number."""
        return "\n\n".join([*map(str, self.problems), self.message])


class ConfigurationError(DataLayerError):
    """`[tool.datalayer]` is missing or wrong; the message names the key."""
