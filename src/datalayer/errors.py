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


class QueryRefused(LocatedError):
    """PostgreSQL does not accept a query; the message and the place are its own."""


class OperationMismatch(LocatedError):
    """A query's result does not fit its suffix; change the suffix or the result."""


class DirectiveError(LocatedError):
    """A `-- @` line is not known, contradicts another or names nothing; correct it."""


class GeneratedCodeStale(DataLayerError):
    """Generated modules differ from their sources; run `datalayer generate`."""


class QueryNotFound(DataLayerError):
    """No query has that name; the message lists the nearest ones."""


class ArgumentError(DataLayerError):
    """An argument of `datalayer query` is missing, unknown or malformed."""


class QueryFailed(DataLayerError):
    """PostgreSQL refused a query that was run by hand; the message is its own."""


class QueryFileUnreadable(LocatedError):
    """A folder or file of queries is missing or cannot be read; check path, rights."""


class QueryFileEncodingError(LocatedError):
    """A query file is not UTF-8 text; save it as UTF-8."""


class ModuleNameError(LocatedError):
    """A file or folder of queries cannot be a Python module of that name; rename it."""


class TextOutsideQuery(LocatedError):
    """SQL stands before the first header; give it a `-- name:` line or remove it."""


class QueryHeaderError(LocatedError):
    """A `-- name:` line is malformed or misplaced; write `-- name: get_x(a, b)^`."""


class RecordClassError(LocatedError):
    """A `-- record_class:` line is malformed or misplaced; put it below the name."""


class EmptyQueryError(LocatedError):
    """A header has no statement below it; write one or remove the header."""


class SeveralStatementsError(LocatedError):
    """A query has more than one statement; split it, or make it a script with `#`."""


class QuerySyntaxError(LocatedError):
    """A string, quoted name or comment never ends, or a sign has no place in a query."""


class AmbiguousPlaceholder(LocatedError):
    """A `:name` can be read in two ways, as in `a[:i]`; put it into parentheses."""


class UndeclaredParameter(LocatedError):
    """A statement uses a parameter that its header does not declare; add it there."""


class UnusedParameter(LocatedError):
    """A header declares a parameter that the statement does not use; remove it."""


class ParameterNameError(LocatedError):
    """A parameter has an impossible or a repeated name; rename it."""


class DuplicateQueryError(LocatedError):
    """Two queries have one name; both places are named, rename one of them."""


class AiosqlDisagreement(LocatedError):
    """Aiosql cannot load a query, or reads it otherwise; write it more plainly."""
