"""One class for each thing that can go wrong in more than one domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.errors import DataLayerError

if TYPE_CHECKING:
    from datetime import datetime

#: How much of a wrong argument a message shows.
_SHOWN = 80


class NaiveTime(DataLayerError):
    """The time has no zone, so it names no moment; give it one, such as UTC."""

    def __init__(self, name: str, value: datetime) -> None:
        """Keep the argument and its value."""
        super().__init__(
            f"`{name}` has no time zone: {value.isoformat()}",
            help="pass an aware datetime: `datetime.now(UTC)`",
        )
        self.name = name
        self.value = value


class InvalidArgument(DataLayerError):
    """An argument is out of its bounds; pass what the message asks for.

    Nothing was sent to the server.
    """

    def __init__(self, name: str, value: object, needed: str) -> None:
        """Keep the argument and its value, and say what is needed."""
        text = repr(value)
        found = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        super().__init__(f"`{name}` is {found}, not {needed}")
        self.name = name
        self.value = value
