"""`@embed` and `@group`: which columns of a result are nested, and under which name."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from datalayer.codegen.reading.directive_lines import FORMS, Claim
from datalayer.errors import DirectiveError
from datalayer.location import excerpt
from datalayer.model import Operation
from datalayer.nesting import NestDirective, NestKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datalayer.codegen.reading.directive_lines import DirectiveLine
    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.errors import LocatedError

_NEST = re.compile(
    r"\s*(?P<path>[a-z_]\w*(?:\.[a-z_]\w*)*)"
    r"(?P<rest>(?:\s+(?P<cls>[A-Z][A-Za-z0-9]*))?"
    r"(?:\s*=\s*(?:(?P<prefix>\w+)\*|(?P<alias>\w+|\"(?:[^\"]|\"\")+\")))?)\s*"
)
_OPERATIONS = {
    NestKind.EMBED: (Operation.MANY, Operation.ONE, Operation.RETURNING),
    NestKind.GROUP: (Operation.MANY, Operation.ONE),
}


def read_nest(line: DirectiveLine, operation: Operation) -> Claim:
    """Read `@embed author`, `@embed author Author = alias`, `… = prefix_*`."""
    kind = NestKind(line.head["word"])
    if operation not in _OPERATIONS[kind]:
        line.fail(
            f"`@{kind}` is for queries that return rows"
            if kind is NestKind.EMBED
            else "`@group` is for queries of many rows and those that end in `^`",
            "remove the directive, or end the name with `^`, or with nothing",
            line.head,
        )
    said = _NEST.fullmatch(line.text.rstrip(), line.head.end())
    if said is None:
        rest = line.text[line.head.end() :].strip()
        line.fail(
            f"`{rest}` tells no columns" if rest else f"`@{kind}` without a name",
            f"write {FORMS[kind]}",
            next(iter(line.pieces()), None),
        )
    location = line.source.location(line.offset + said.start("path"))
    bad = next(filter(keyword.iskeyword, said["path"].split(".")), None)
    if bad is not None:
        line.fail(f"`{bad}` is a keyword of Python", "choose another name")
    # The whole is kept, so that two lines about one name can be compared.
    return Claim("nest", said["path"], location, "nest", f"{kind}{said['rest']}")


def nest_of(claim: Claim) -> NestDirective:
    """Return what was read."""
    kind, text = re.split(r"\b", str(claim.value), maxsplit=2)[1:]
    said = _NEST.fullmatch(f"{claim.name}{text}")
    assert said is not None  # the same was read before
    alias = said["alias"]
    path = tuple(claim.name.split("."))
    if alias is None and said["prefix"] is None:
        alias = path[-1]
    if alias is not None and alias.startswith('"'):
        alias = alias[1:-1].replace('""', '"')
    return NestDirective(
        kind=NestKind(kind),
        path=path,
        location=claim.location,
        class_name=said["cls"],
        relation=alias,
        prefix=said["prefix"],
    )


def nest_problems(
    source: SourceText, nests: Sequence[NestDirective], *, paged: bool
) -> Iterator[LocatedError]:
    """Yield what is wrong with directives as such."""
    known = {nest.path: nest for nest in nests}
    for nest in nests:
        outer = nest.path[:-1]
        if outer and outer not in known:
            name = ".".join(outer)
            yield _error(
                source,
                nest,
                f"`{nest.name}` is in `{name}`, which no directive makes",
                f"write `-- @group {name}` as well",
            )
        elif outer and nest.kind is NestKind.GROUP and not _is_in_groups(nest, known):
            yield _error(
                source,
                nest,
                f"`{nest.name}` is a list in what is no list",
                "give the list to the row itself",
            )
        if paged and nest.kind is NestKind.GROUP:
            yield _error(
                source,
                nest,
                "a page has a number of rows, and a list is made of several",
                "page without `@group`, and read the lists of a page by another query",
            )


def _is_in_groups(
    nest: NestDirective, known: dict[tuple[str, ...], NestDirective]
) -> bool:
    return all(
        known[nest.path[:depth]].kind is NestKind.GROUP
        for depth in range(1, len(nest.path))
        if nest.path[:depth] in known
    )


def outermost_first(nests: Iterable[NestDirective]) -> tuple[NestDirective, ...]:
    """Return directives in an order in which each comes behind what it is in."""
    return tuple(sorted(nests, key=lambda nest: len(nest.path)))


def _error(
    source: SourceText, nest: NestDirective, message: str, help: str
) -> DirectiveError:
    return DirectiveError(
        message,
        location=nest.location,
        excerpt=excerpt(source.text, nest.location, len(nest.name)),
        help=help,
    )
