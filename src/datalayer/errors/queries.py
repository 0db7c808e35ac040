"""What can be wrong with a query whose text could be read."""

from __future__ import annotations

from datalayer.errors.problems import LocatedError


class QueryRefused(LocatedError):
    """PostgreSQL does not accept a query; the message and the place are its own."""


class UnknownTypeError(LocatedError):
    """Nothing says what a type is in Python; add it to `[tool.datalayer.types]`."""


class OperationMismatch(LocatedError):
    """A query's result does not fit its suffix; change the suffix or the result."""


class DirectiveError(LocatedError):
    """A `-- @` line is not known, contradicts another or names nothing; correct it."""


class VariantError(LocatedError):
    """A column or parameter changes its type when something is left out; cast it."""


class RecordClassConflict(LocatedError):
    """Two queries name one `record_class` but differ in a column; rename or align."""


class ColumnNameError(LocatedError):
    """A result column has no usable or a repeated name; add `AS name`."""


class NameClash(LocatedError):
    """Two things of a generated module need one Python name; rename one of them."""


class DefaultError(LocatedError):
    """The default of a `@param` does not fit the parameter's type; correct it."""
