"""Whether a directive line repeats or contradicts an earlier one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalayer.codegen.reading.directive_lines import Claim, DirectiveLine


def compare(line: DirectiveLine, claim: Claim, earlier: list[Claim]) -> None:
    """Refuse a claim that repeats or contradicts an earlier one."""
    of_name = {
        each.aspect: each
        for each in earlier
        if (each.word, each.name) == (claim.word, claim.name)
    }
    piece = next(iter(line.pieces()), line.head)
    said = of_name.get(claim.aspect)
    if said is not None:
        same = (said.value, said.options) == (claim.value, claim.options)
        verb = "repeats" if same else "contradicts"
        line.fail(
            f"`{claim.name}`: this {verb} line {said.location.line}",
            "remove one of the two",
            piece,
        )
    both = {**of_name, claim.aspect: claim}
    _compare_maximum(line, claim.name, both, piece)
    if "default" in both and "nullable" in both:
        default, nullable = both["default"].value, both["nullable"].value
        if default is None and nullable is False:
            line.fail(
                f"`{claim.name}` is declared not null, and its default is NULL",
                "write another default, or declare it `null`",
                piece,
            )


def _compare_maximum(
    line: DirectiveLine, name: str, said: dict[str, Claim], piece: re.Match[str]
) -> None:
    """Refuse a default, or a NULL, that a maximum does not allow."""
    if "maximum" not in said:
        return
    maximum, default = said["maximum"].value, said.get("default")
    nullable = "nullable" in said and said["nullable"].value
    if nullable or (default is not None and default.value is None):
        line.fail(
            f"`{name}` has a maximum, and NULL, which has none, is allowed",
            "remove one of the two; `-- @optional` leaves a condition out",
            piece,
        )
    if default is None or not isinstance(maximum, int):
        return
    if isinstance(default.value, int | float) and default.value > maximum:
        line.fail(
            f"the default of `{name}` is {default.value}, above its maximum {maximum}",
            "write a smaller default, or a larger maximum",
            piece,
        )
