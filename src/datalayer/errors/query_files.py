"""What is wrong with the text of a query file."""

from __future__ import annotations

from datalayer.errors.problems import LocatedError


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
    """A string, quoted name or comment never ends, or a sign is out of place."""


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


class FragmentError(LocatedError):
    """A `-- fragment:` section is malformed or misplaced; correct it."""


class DuplicateFragmentError(LocatedError):
    """Two fragments that one query could mean have one name; rename one of them."""


class UnknownFragment(LocatedError):
    """`-- @use` names no fragment of the folder or those above; correct the name."""


class FragmentUseError(LocatedError):
    """A `-- @use` does not fit its place or its fragment; the help says what does."""


class AiosqlDisagreement(LocatedError):
    """Aiosql cannot load a query, or reads it otherwise; write it more plainly."""
