"""Whether what is nested in the rows of a query can be told from the rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.directive_errors import directive_error
from datalayer.codegen.reading.source_text import quoted_list
from datalayer.codegen.rules import finding_of
from datalayer.errors import DirectiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.codegen.inference import NestingRefused
    from datalayer.model import Column, Finding, QueryShape, QuerySource
    from datalayer.nesting import Nest, NestDirective, Nesting

#: Their null becomes None, and is no NULL.
_JSON = {"json", "jsonb"}


def as_directive_error(source: QuerySource, refusal: NestingRefused) -> DirectiveError:
    """Return the error at the line that asks for what cannot be."""
    return _error(source, refusal.directive, refusal.message, refusal.help)


def weaker_nesting(one: Nesting | None, other: Nesting | None) -> Nesting | None:
    """Return what holds for both of two variants of a statement."""
    if one is None or other is None:
        return one
    nests = tuple(map(_weaker, one.nests, other.nests))
    return replace(
        one,
        nests=nests,
        key=_both_keys(one.key, other.key),
        unsteady=tuple(dict.fromkeys((*one.unsteady, *other.unsteady))),
        at_most_one=one.at_most_one and other.at_most_one,
    )


def _weaker(one: Nest, other: Nest) -> Nest:
    witnesses = one.witnesses or other.witnesses
    if one.is_optional and other.is_optional:
        witnesses = tuple(n for n in one.witnesses if n in other.witnesses)
    return replace(
        one,
        is_optional=one.is_optional or other.is_optional,
        witnesses=witnesses,
        candidates=one.candidates or other.candidates,
        key=_both_keys(one.key, other.key),
    )


def _both_keys(
    one: tuple[int, ...] | None, other: tuple[int, ...] | None
) -> tuple[int, ...] | None:
    # With more columns of the same object a key is still one.
    if one is None or other is None:
        return None
    return tuple(sorted({*one, *other}))


def check_nesting(shape: QueryShape) -> QueryShape:
    """Return a shape with one witness for each object; raise `DirectiveError`.

    Adds a finding where lists multiply each other.
    """
    nesting = shape.nesting
    if nesting is None:
        return shape
    nests = tuple(_witnessed(shape, nest) for nest in nesting.nests)
    nesting = replace(nesting, nests=nests)
    if nesting.groups:
        _check_keys(shape, nesting)
    _check_page(shape, nesting)
    findings = (*shape.findings, *_findings(shape, nesting))
    return replace(shape, nesting=nesting, findings=findings)


def _witnessed(shape: QueryShape, nest: Nest) -> Nest:
    if not nest.is_optional:
        return nest
    for number in nest.witnesses:
        if _tells_null(shape.columns[number]):
            return replace(nest, witnesses=(number,))
    said = nest.directive
    raise _error(
        shape.source,
        said,
        f"nothing selected tells whether `{said.name}` is there: its join may find no"
        " match, and each of its columns can be NULL as well",
        f"select a column that is never NULL: {quoted_list(nest.candidates)}"
        if nest.candidates
        else "select a column of it that is never NULL, such as TRUE in a subquery",
    )


def _tells_null(column: Column) -> bool:
    return column.type.name not in _JSON and column.type.setting is None


def _check_keys(shape: QueryShape, nesting: Nesting) -> None:
    first = nesting.groups[0].directive
    if nesting.unsteady:
        raise _error(
            shape.source,
            first,
            f"{quoted_list(nesting.unsteady)} can differ between rows about the same",
            "compute it in a subquery, or let it be a column of the list",
        )
    if not _is_known(shape, nesting.key):
        raise _no_key(shape, first, f"what `{first.name}` belongs to")
    for nest in nesting.groups:
        path = nest.directive.path
        inner = [
            each.directive
            for each in nesting.groups
            if len(each.directive.path) > len(path)
            and each.directive.path[: len(path)] == path
        ]
        if (inner or nesting.branches) and not _is_known(shape, nest.key):
            raise _no_key(shape, nest.directive, f"`{nest.directive.name}`")


def _is_known(shape: QueryShape, key: tuple[int, ...] | None) -> bool:
    return key is not None and all(
        shape.columns[number].type.setting is None for number in key
    )


def _no_key(shape: QueryShape, said: NestDirective, what: str) -> DirectiveError:
    return _error(
        shape.source,
        said,
        f"no key of {what} is known to be selected",
        "select its primary key, or a unique key of integers, texts, dates or uuids"
        " that are never NULL",
    )


def _check_page(shape: QueryShape, nesting: Nesting) -> None:
    ordering = shape.source.ordering
    if ordering is None or ordering.page is None:
        return
    keys = {key.name for _, keys in ordering.keys for key in keys}
    for nest in nesting.nests:
        for number in nest.members:
            if shape.columns[number].name in keys:
                raise _error(
                    shape.source,
                    nest.directive,
                    f"pages are ordered by `{shape.columns[number].name}`, which is in"
                    f" `{nest.directive.name}`",
                    "order by columns outside of the object",
                )


def _findings(shape: QueryShape, nesting: Nesting) -> Iterator[Finding]:
    if nesting.branches:
        names = quoted_list(nest.directive.name for nest in nesting.groups)
        yield finding_of(
            "multiplied-groups",
            nesting.groups[-1].directive.location,
            f"the rows of {names} multiply each other in `{shape.source.name}`",
        )


def _error(
    source: QuerySource, said: NestDirective, message: str, help: str
) -> DirectiveError:
    return directive_error(source, said.location, message, help, length=len(said.name))
