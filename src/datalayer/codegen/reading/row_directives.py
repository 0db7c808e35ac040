"""`@map` and `@stream`: in what form the rows of a query are returned."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.reading.directive_lines import FORMS, Claim
from datalayer.model import MapDirective, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalayer.codegen.reading.directive_lines import DirectiveLine

_NAME = r"\"(?:[^\"]|\"\")+\"|[^\W\d]\w*"
_MAP = re.compile(rf"\s*(?P<key>{_NAME})(?P<sign>\s*=\s*(?P<value>{_NAME}))?\s*")


def read_map(line: DirectiveLine, operation: Operation) -> Claim:
    """Read `@map key` and `@map key = value`."""
    _only_many(line, operation)
    said = _MAP.fullmatch(line.text.rstrip(), line.head.end())
    if said is None:
        known = _MAP.match(line.text, line.head.end())
        pieces = [p for p in line.pieces() if known and p.start() >= known.end()]
        message = f"`{pieces[0][0]}` after `@map`" if pieces else "`@map` of nothing"
        line.fail(message, f"write {FORMS['map']}", pieces[0] if pieces else None)
    if said["value"] and _plain(said["value"]) == _plain(said["key"]):
        message = f"`{_plain(said['key'])}` is the key and the value"
        line.fail(message, "leave out the value: the row is looked up by the key", said)
    location = line.source.location(line.offset + said.start("key"))
    # There is one key: two lines repeat or contradict each other.
    return Claim("map", "@map", location, "map", said[0].strip())


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def read_stream(line: DirectiveLine, operation: Operation) -> Claim:
    """Read `@stream`."""
    _only_many(line, operation)
    rest = re.compile(r"\s*\S").match(line.text, line.head.end())
    if rest is not None:
        line.fail("something after `@stream`", f"write {FORMS['stream']}", rest)
    location = line.source.location(line.offset)
    return Claim("stream", "@stream", location, "stream", None)


def map_of(claims: Iterable[Claim]) -> MapDirective | None:
    """Return the column that rows are mapped by, and what to."""
    claim = next((each for each in claims if each.word == "map"), None)
    said = _MAP.fullmatch(str(claim.value)) if claim else None
    if claim is None or said is None:
        return None
    key, place = _plain(said["key"]), claim.location
    if said["value"] is None:
        return MapDirective(key, place)
    at_value = replace(place, column=place.column + said.start("value"))
    return MapDirective(key, place, _plain(said["value"]), at_value)


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
