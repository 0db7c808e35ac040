"""How long approvals, answers and nonces are kept, and how many."""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING

from datalayer.domains.operations.errors import InvalidSetting, WrongSetting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: A hundred years.
MAX_DAYS = 36_500
MAX_ROWS = 1_000_000_000

_PREFIX = "RETENTION_"
#: The variable of each setting.
VARIABLES = {
    "approvals_days": "RETENTION_APPROVALS_DAYS",
    "max_approvals": "RETENTION_MAX_APPROVALS",
    "idempotency_days": "RETENTION_IDEMPOTENCY_DAYS",
    "max_idempotency": "RETENTION_MAX_IDEMPOTENCY",
    "nonces_days": "RETENTION_NONCES_DAYS",
}
# What is that much like a name is meant to be it; the prefix, which all share, aside.
_LIKENESS = 0.8
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long and how many: days of 24 hours, and rows in all, from 1 up.

    Raises `InvalidSetting` with everything that is wrong.
    """

    approvals_days: int = 30
    max_approvals: int = 5000
    idempotency_days: int = 14
    max_idempotency: int = 10_000
    nonces_days: int = 1

    def __post_init__(self) -> None:
        """Refuse what is out of bounds: 0 would remove everything."""
        values: dict[str, object] = asdict(self)
        problems = [
            WrongSetting(name, repr(value), needed_for(name))
            for name, value in values.items()
            if not _is_allowed(name, value)
        ]
        if problems:
            raise InvalidSetting(problems)


def read_retention_settings(
    environment: Mapping[str, str] | None = None,
    *,
    approvals_days: int | None = None,
    max_approvals: int | None = None,
    idempotency_days: int | None = None,
    max_idempotency: int | None = None,
    nonces_days: int | None = None,
) -> RetentionSettings:
    """Return the settings that the arguments, else the environment, else defaults give.

    The variables are `RETENTION_APPROVALS_DAYS` and so on. Raises `InvalidSetting` with
    everything that is wrong, also with a variable whose name is nearly one of them.
    """
    given: dict[str, int | None] = {
        "approvals_days": approvals_days,
        "max_approvals": max_approvals,
        "idempotency_days": idempotency_days,
        "max_idempotency": max_idempotency,
        "nonces_days": nonces_days,
    }
    overrides = {name: value for name, value in given.items() if value is not None}
    variables = os.environ if environment is None else environment
    problems = [
        *_wrong_values(variables, overrides),
        *_misspelt_names(variables),
        *(
            WrongSetting(name, repr(value), needed_for(name))
            for name, value in overrides.items()
            if not _is_allowed(name, value)
        ),
    ]
    if problems:
        raise InvalidSetting(problems)
    return RetentionSettings(
        **{
            name: int(variables[variable])
            for name, variable in VARIABLES.items()
            if variable in variables and name not in overrides
        }
        | overrides
    )


def largest(setting: str) -> int:
    """Return the largest value of a setting."""
    return MAX_DAYS if setting.endswith("_days") else MAX_ROWS


def needed_for(setting: str) -> str:
    """Return what a setting has to be, for a message."""
    return f"not a whole number from 1 to {largest(setting)}"


def default_of(setting: str) -> int:
    """Return the value of a setting that nobody sets."""
    return next(int(f.default) for f in fields(RetentionSettings) if f.name == setting)  # type: ignore[arg-type]  # all have one


def _is_allowed(setting: str, value: object) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return 1 <= value <= largest(setting)


def _wrong_values(
    variables: Mapping[str, str], overrides: Mapping[str, int]
) -> Iterator[WrongSetting]:
    for setting, variable in VARIABLES.items():
        value = variables.get(variable)
        if value is None or setting in overrides:
            continue
        if not (_is_number(value) and _is_allowed(setting, int(value))):
            unset = "" if value.strip() else f"; unset means {default_of(setting)}"
            yield WrongSetting(variable, _shown(value), needed_for(setting) + unset)


def _misspelt_names(variables: Mapping[str, str]) -> Iterator[WrongSetting]:
    """Find the names that were meant to be ours: a default would hide the mistake."""
    known = {_comparable(name): name for name in VARIABLES.values()}
    for name in sorted(variables):
        if not name.upper().startswith(_PREFIX) or name in known.values():
            continue
        near = get_close_matches(_comparable(name), known, n=1, cutoff=_LIKENESS)
        if near:
            meant = f"a name that nothing reads; did you mean `{known[near[0]]}`?"
            yield WrongSetting(_escaped(name), _shown(variables[name]), meant)


def _comparable(name: str) -> str:
    """Return the words of a name, without those that all share, in one order."""
    words = name.upper().removeprefix(_PREFIX).split("_")
    return "_".join(sorted(words))


def _is_number(value: str) -> bool:
    digits = value.strip()
    return bool(re.fullmatch("[0-9]+", digits)) and len(digits) <= _MOST_DIGITS


def _shown(value: str) -> str:
    """Return a value as it may be printed: whole when it is short."""
    whole = _escaped(value)
    return f"`{whole if len(whole) <= 40 else whole[:39] + '…'}`"


def _escaped(value: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value)
