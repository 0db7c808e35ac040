"""Arguments that are not given."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"

    def __bool__(self) -> bool:
        """Return False: there is nothing."""
        return False

    def __repr__(self) -> str:
        """Return the name that code uses."""
        return "UNSET"


#: An argument that is not given, which is not None: compare with `is`.
UNSET: Final = Unset.UNSET
