"""What the author knows about documents."""

from typing import TypedDict


class Known(TypedDict):
    """A document."""

    a: int
