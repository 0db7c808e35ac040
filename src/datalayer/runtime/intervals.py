"""Intervals, of which Python has none that is infinite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import DataError
from psycopg.types.datetime import IntervalLoader

if TYPE_CHECKING:
    from datetime import timedelta

    from psycopg.abc import Buffer
    from psycopg.adapt import AdaptersMap

_INFINITE = {b"infinity", b"-infinity"}


class FiniteIntervalLoader(IntervalLoader):
    """Refuses what psycopg would take for an interval of nothing."""

    def load(self, data: Buffer) -> timedelta:
        """Return an interval; raise `DataError` for one that has no end."""
        text = bytes(data)
        if text in _INFINITE:
            raise DataError(f"an interval that is infinite: {text.decode()!r}")
        return super().load(data)


def interval_value(value: Any) -> Any:  # noqa: ANN401 - a value of psycopg's
    """Return an interval, or an array of intervals; stands for `refuse_infinity`."""
    return value


def refuse_infinity(adapters: AdaptersMap) -> None:
    """Let a cursor raise `DataError` for an interval that is infinite."""
    adapters.register_loader("interval", FiniteIntervalLoader)
