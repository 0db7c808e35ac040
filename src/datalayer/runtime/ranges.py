"""The text of ranges and multiranges that psycopg does not know.

https://www.postgresql.org/docs/current/rangetypes.html#RANGETYPES-IO
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from datalayer.runtime.records import quoted

if TYPE_CHECKING:
    from psycopg.abc import AdaptContext

    from datalayer.runtime.forms import Form, Read

_BOUND = r'("(?:[^"\\]|""|\\.)*"|[^",\[\]()\\]*)'
_RANGE = re.compile(rf"([\[(]){_BOUND},{_BOUND}([\])])", re.DOTALL)
_ESCAPE = re.compile(r'"(")|\\(.)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class RangeForm:
    """Ranges whose bounds have a form."""

    bound: Form

    def reader(self, context: AdaptContext) -> Read:
        """Return what makes a range of its text."""
        read = self.bound.reader(context)

        def read_range(text: str) -> Range[Any]:
            match = _RANGE.fullmatch(text)
            return Range(empty=True) if match is None else _built(match, read)

        return read_range

    def write(self, value: Range[Any]) -> str:
        """Return a range as text."""
        if value.isempty:
            return "empty"
        lower, upper = (
            "" if bound is None else quoted(self.bound.write(bound))
            for bound in (value.lower, value.upper)
        )
        return f"{value.bounds[0]}{lower},{upper}{value.bounds[1]}"


@dataclass(frozen=True, slots=True)
class MultirangeForm:
    """Multiranges whose bounds have a form."""

    bound: Form

    def reader(self, context: AdaptContext) -> Read:
        """Return what makes a multirange of its text."""
        read = self.bound.reader(context)
        return lambda text: Multirange(
            _built(match, read) for match in _RANGE.finditer(text)
        )

    def write(self, value: Multirange[Any]) -> str:
        """Return a multirange as text."""
        return f"{{{','.join(map(RangeForm(self.bound).write, value))}}}"


def _built(match: re.Match[str], read: Read) -> Range[Any]:
    opening, lower, upper, closing = match.groups()
    return Range(_bound(lower, read), _bound(upper, read), opening + closing)


def _bound(token: str, read: Read) -> Any:  # noqa: ANN401 - of the subtype
    if not token:
        return None
    if token.startswith('"'):
        token = _ESCAPE.sub(r"\1\2", token[1:-1])
    return read(token)
