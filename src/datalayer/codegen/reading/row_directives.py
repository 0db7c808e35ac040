"""`@map` and `@stream`: in what form the rows of a query are returned."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalayer.codegen.reading.directive_lines import FORMS, Claim
from datalayer.model import MapDirective, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalayer.codegen.reading.directive_lines import DirectiveLine

_COLUMN = re.compile(r"\s*(?P<name>\"(?:[^\"]|\"\")+\"|[^\W\d]\w*)\s*")


def read_map(line: DirectiveLine, operation: Operation) -> Claim:
    """Read `@map column`."""
    _only_many(line, operation)
    said = _COLUMN.fullmatch(line.text.rstrip(), line.head.end())
    if said is None:
        line.fail("`@map` without a column", f"write {FORMS['map']}")
    name = said["name"]
    if name.startswith('"'):
        name = name[1:-1].replace('""', '"')
    location = line.source.location(line.offset + said.start("name"))
    # There is one key: two lines repeat or contradict each other.
    return Claim("map", "@map", location, "map", name)


def read_stream(line: DirectiveLine, operation: Operation) -> Claim:
    """Read `@stream`."""
    _only_many(line, operation)
    rest = re.compile(r"\s*\S").match(line.text, line.head.end())
    if rest is not None:
        line.fail("something after `@stream`", f"write {FORMS['stream']}", rest)
    location = line.source.location(line.offset)
    return Claim("stream", "@stream", location, "stream", None)


def map_of(claims: Iterable[Claim]) -> MapDirective | None:
    """Return the column that rows are mapped by."""
    found = (each for each in claims if each.word == "map")
    return next((MapDirective(str(e.value), e.location) for e in found), None)


def check_forms(line: DirectiveLine, claim: Claim, earlier: Iterable[Claim]) -> None:
    """Refuse a form that does not go together with an earlier line."""
    for each in earlier:
        pair = {each.word: each, claim.word: claim}
        form = next((word for word in ("map", "stream") if word in pair), None)
        if form and "page" in pair:
            line.fail(
                f"`@{form}` and `@page` in one query",
                "remove one of the two: a page is a form of its own",
                line.head,
            )
        nested = pair.get("nest")
        if "stream" in pair and nested and str(nested.value).startswith("group"):
            line.fail(
                "`@stream` and `@group` in one query",
                "remove one of the two: a group is complete behind the last row",
                line.head,
            )


def _only_many(line: DirectiveLine, operation: Operation) -> None:
    if operation is not Operation.MANY:
        line.fail(
            f"`@{line.head['word']}` is for queries of many rows",
            "remove the directive, or the sign behind the name",
            line.head,
        )
