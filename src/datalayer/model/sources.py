"""Queries and fragments as their authors wrote them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalayer.location import Location, locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.model.directives import (
        Allowance,
        ColumnDirective,
        MapDirective,
        Operation,
        ParameterDirective,
        RaisesDirective,
        TypeDirective,
    )
    from datalayer.model.statements import OptionalPart, Ordering, Placeholder
    from datalayer.nesting import NestDirective


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of SQL that queries share: `-- fragment: visible(user_id)`."""

    name: str
    #: In the order of its header.
    parameters: tuple[str, ...]
    text: str
    #: Where the header stands, and where `text` begins.
    location: Location
    text_location: Location
    #: The text of the whole file, for excerpts.
    file_text: str = field(default="", repr=False, compare=False)
    allowances: tuple[Allowance, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of characters, up to the next stretch, that has its own place in a file."""

    start: int
    location: Location
    #: Whose text it is, if it is not the query's own, and which query says so.
    fragment: Fragment | None = None
    used_by: str = ""
    #: How many columns its lines but the first are further to the right than there.
    shift: int = 0
    #: What the query has in the place of a fragment; None where nothing is replaced.
    replaced: str | None = None


def stretch_at(stretches: Sequence[Stretch], offset: int) -> Stretch:
    """Return the stretch that a character belongs to."""
    return stretches[bisect_right(stretches, offset, key=lambda each: each.start) - 1]


def place_in(text: str, stretches: Sequence[Stretch], offset: int) -> Location:
    """Return where a character of a text of several stretches stands in a file."""
    stretch = stretch_at(stretches, offset)
    first = stretch.location
    inner = locate(first.path, text[stretch.start :], offset - stretch.start)
    moved = first.column - 1 if inner.line == 1 else -stretch.shift
    line = first.line + inner.line - 1
    return Location(first.path, line, max(1, inner.column + moved))


@dataclass(frozen=True, slots=True)
class QuerySource:
    """One named query as its author wrote it."""

    #: The path of the file below the queries folder, without `.sql`:
    #: `("artifacts", "patch_chain")`.
    module: tuple[str, ...]
    name: str
    operation: Operation
    #: The statement as written, comments in it included, without the header and
    #: without the final semicolon (a script keeps all of its semicolons). Fragments
    #: stand where they are used.
    sql: str
    #: Where the header `-- name:` stands, and where `sql` begins.
    location: Location
    sql_location: Location
    #: In the order of the header.
    parameters: tuple[str, ...]
    #: In the order of the statement.
    placeholders: tuple[Placeholder, ...]
    record_class: str | None = None
    documentation: str = ""
    parameter_directives: tuple[ParameterDirective, ...] = ()
    column_directives: tuple[ColumnDirective, ...] = ()
    type_directives: tuple[TypeDirective, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    raises: tuple[RaisesDirective, ...] = ()
    nests: tuple[NestDirective, ...] = ()
    #: In the order of the statement; none inside another.
    optional_parts: tuple[OptionalPart, ...] = ()
    #: The extents of the `-- @optional` comments, which are not sent.
    marks: tuple[tuple[int, int], ...] = ()
    #: What `@order` and `@page` are about.
    ordering: Ordering | None = None
    #: Parameters of which one must be given, for each SET that lists nothing else.
    needed: tuple[tuple[str, ...], ...] = ()
    #: Where the pieces of `sql` stand, if it has fragments; empty otherwise.
    stretches: tuple[Stretch, ...] = ()
    #: What `@map` says, and whether `@stream` asks for a second function.
    map_by: MapDirective | None = None
    streamed: bool = False
    #: The text of the whole file, for excerpts.
    file_text: str = field(default="", repr=False, compare=False)

    @property
    def fragments(self) -> tuple[Fragment, ...]:
        """Return the fragments that it uses, each once, in its order."""
        used = (each.fragment for each in self.stretches)
        return tuple(dict.fromkeys(fragment for fragment in used if fragment))

    @property
    def optional_parameters(self) -> tuple[str, ...]:
        """Return the parameters that may be left out, in the order of the header."""
        named = {
            name
            for part in self.optional_parts
            for name in (*part.all_of, *part.any_of)
        }
        return tuple(name for name in self.parameters if name in named)

    @property
    def qualified_name(self) -> str:
        """Return the folders and the name: `artifacts.get_patch_chain`."""
        return ".".join((*self.module[:-1], self.name))

    def place(self, offset: int) -> Location:
        """Return where a character of the statement stands in its file."""
        return place_in(self.sql, self._stretches, offset)

    def file_text_at(self, offset: int) -> str:
        """Return the text of the file in which a character of the statement stands."""
        fragment = stretch_at(self._stretches, offset).fragment
        return fragment.file_text if fragment else self.file_text

    def used_by(self, offset: int) -> str:
        """Return which query uses the fragment that a character is of, if it is."""
        return stretch_at(self._stretches, offset).used_by

    @property
    def _stretches(self) -> tuple[Stretch, ...]:
        return self.stretches or (Stretch(0, self.sql_location),)
