"""What attacks on PostgreSQL's strict functions have shown, as data by signature.

`scripts/facts` calls each of them with boundary values, on all versions that it is
given, and writes `strict_functions.txt`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

#: A value for all arguments that were tried; NULL for some; only errors.
VALUE, NULL, UNTRIED = "!", "?", "-"
FILE = "strict_functions.txt"


@cache
def attacked_functions() -> dict[str, str]:
    """Return what is known of each strict function, by its signature."""
    text = files("datalayer.codegen.inference").joinpath(FILE).read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {line[2:]: line[0] for line in lines}


def always_gives_a_value(signature: str) -> bool:
    """Return whether no call of a strict function without NULL ever gave NULL.

    One that PostgreSQL brought after the last attack is not known to.
    """
    return attacked_functions().get(signature) == VALUE
