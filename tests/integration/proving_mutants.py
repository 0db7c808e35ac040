"""Broken versions of the prover, each of which overlooks a lie."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from datalayer.proving import annotations, results, scouting, trial
from datalayer.proving.annotations import Mismatch, mismatches
from datalayer.proving.model import Candidates, Claim
from datalayer.runtime import UNSET


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is replaced by what, and the lie that is then overlooked."""

    name: str
    module: Any
    attribute: str
    replacement: object
    overlooked: str


def _without_nulls(value: object, hint: Any, where: str = "") -> Iterator[Mismatch]:  # noqa: ANN401 - an annotation
    for each in mismatches(value, hint, where):
        if each.kind != "null":
            yield each


def _without_types(value: object, hint: Any, where: str = "") -> Iterator[Mismatch]:  # noqa: ANN401 - an annotation
    for each in mismatches(value, hint, where):
        if each.kind != "type":
            yield each


def _sync_only(session: Any, target: Any, scene: Any, proof: Any, flavour: str) -> Any:  # noqa: ANN401 - as the original
    return (
        iter(()) if flavour == "async" else _TRY(session, target, scene, proof, "sync")
    )


def _no_claim(error: Exception, shape: Any) -> Claim | None:  # noqa: ANN401 - as the original
    return None


def _no_constants(known: Candidates, type_: Any, constants: Any) -> Candidates:  # noqa: ANN401 - as the original
    return known


def _all_given(source: Any, arguments: Any) -> Any:  # noqa: ANN401 - as the original
    return tuple("a" if each is UNSET else each for each in arguments)


def _first_page(result: Any, read_page: object) -> Any:  # noqa: ANN401 - as the original
    return list(result.items)


_TRY = trial._try_function

MUTANTS = [
    Mutant("gives_everything", trial, "completed", _all_given, "left_join"),
    Mutant("blind_to_null", results, "mismatches", _without_nulls, "column"),
    Mutant("blind_to_types", results, "mismatches", _without_types, "typed"),
    Mutant("blind_to_elements", annotations, "_elements", lambda *_: (), "element"),
    Mutant(
        "blind_to_documents",
        annotations,
        "_inside_document",
        lambda *_: iter(()),
        "keyed",
    ),
    Mutant("deaf_to_the_twin", trial, "_try_function", _sync_only, "twin"),
    Mutant("deaf_to_streams", trial, "_FLAVOURS", trial._FLAVOURS[:2], "streamed"),
    Mutant("deaf_to_counts", trial, "_claim_of", _no_claim, "many"),
    Mutant("reads_one_page", trial, "with_following", _first_page, "paged"),
    Mutant("takes_one_order", trial, "ordered", lambda *_: {}, "ordered"),
    Mutant("blind_to_objects", results, "lost_objects", lambda *_: (), "mistold"),
    Mutant("blind_to_values", results, "_is_null", lambda *_: False, "value"),
    Mutant("without_constants", scouting, "with_constants", _no_constants, "document"),
]
