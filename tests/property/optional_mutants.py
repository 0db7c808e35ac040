"""Ways to leave out the wrong thing, each of which a law must notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datalayer.codegen import pieces
from datalayer.codegen.reading import optional_parts, set_items
from datalayer.model import OptionalPart, PartKind
from datalayer.runtime import UNSET, VariedQuery, varied
from datalayer.runtime.varied import Part


@dataclass(frozen=True, slots=True)
class Mutant:
    """Something put in the place of a part of the code."""

    name: str
    owner: Any
    attribute: str
    replacement: object
    #: Whether it spoils what is generated, and not only what is sent.
    generates: bool = False


_given: Callable[..., Any] = VariedQuery.given
_written: Callable[..., str] = VariedQuery._written
_is_in: Callable[..., bool] = varied._is_in
_separators = set_items.separators


def _without_true(self: Any, piece: Any, given: Any, order: str) -> str:  # noqa: ANN401 - as there
    text = _written(self, piece, given, order)
    return "" if isinstance(piece, Part) and text == piece.otherwise else text


def _comma_too_few(part: Part, given: frozenset[str]) -> bool:
    return _is_in(part, given) and not (part.any_of and part.all_of)


def _comma_too_many(part: Part, given: frozenset[str]) -> bool:
    return given.issuperset(part.all_of)


def _any_is_enough(part: Part, given: frozenset[str]) -> bool:
    return not given.isdisjoint(part.all_of) or _is_in(part, given)


def _reversed(self: Any, values: Mapping[str, object], *, order: str = "") -> Any:  # noqa: ANN401 - as there
    query, parameters = _given(self, values, order=order)
    return query, parameters[::-1]


def _weak_key(self: Any, values: Mapping[str, object], *, order: str = "") -> Any:  # noqa: ANN401 - as there
    given = [name for name, value in values.items() if value is not UNSET]
    known: dict[int, Any] = _CACHES.setdefault(self.name, {})
    if len(given) not in known:
        query, _ = _given(self, values, order=order)
        known[len(given)] = query
    return known[len(given)], _given(self, values, order=order)[1]


_CACHES: dict[str, dict[int, Any]] = {}


def _none_is_unset(self: Any, values: Mapping[str, object], *, order: str = "") -> Any:  # noqa: ANN401 - as there
    found = {n: UNSET if each is None else each for n, each in values.items()}
    return _given(self, found, order=order)


def _unset_is_none(self: Any, values: Mapping[str, object], *, order: str = "") -> Any:  # noqa: ANN401 - as there
    found = {n: None if each is UNSET else each for n, each in values.items()}
    return _given(self, found, order=order)


def _no_commas(items: Sequence[Any]) -> Iterable[OptionalPart]:
    return ()


def _all_commas(items: Sequence[Any]) -> Iterable[OptionalPart]:
    for part in _separators(items):
        yield replace(part, any_of=())


def _each_and(tokens: Sequence[Any], clause: int) -> tuple[int, bool]:
    """Return what AND leads to, also that of BETWEEN."""
    words = [i for i, token in enumerate(tokens) if token.is_word("and") and i > clause]
    return (words[-1] + 1, True) if words else (clause + 1, False)


def _first_condition_only(source: Any) -> Any:  # noqa: ANN401 - as there
    return [
        part.all_of
        for part in source.optional_parts
        if part.kind is not PartKind.SEPARATOR and part.all_of
    ][:1]


MUTANTS = (
    Mutant("TRUE is dropped", VariedQuery, "_written", _without_true),
    Mutant("a comma is lost", varied, "_is_in", _comma_too_few),
    Mutant("a comma is left", varied, "_is_in", _comma_too_many),
    Mutant("one of two is enough", varied, "_is_in", _any_is_enough),
    Mutant("numbers are swapped", VariedQuery, "given", _reversed),
    Mutant("the key of the cache is too weak", VariedQuery, "given", _weak_key),
    Mutant("None is not given", VariedQuery, "given", _none_is_unset),
    Mutant("what is not given is NULL", VariedQuery, "given", _unset_is_none),
    Mutant("commas stay", optional_parts, "separators", _no_commas, True),
    Mutant("commas know one side", optional_parts, "separators", _all_commas, True),
    Mutant("BETWEEN ends a condition", optional_parts, "last_term", _each_and, True),
    Mutant("few are analysed", pieces, "optional_groups", _first_condition_only, True),
)
