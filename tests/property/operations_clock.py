"""A state machine whose clock is a number that steps move on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine, rule
from operations_laws import empty_tables
from operations_strategies import DURATIONS, NEARLY, PICK, START, ZONE

if TYPE_CHECKING:
    from psycopg import Connection

AnswerT = TypeVar("AnswerT")


def none_if(error: type[Exception], call: Callable[[], AnswerT]) -> AnswerT | None:
    """The answer to a call; None when it raised this error."""
    try:
        return call()
    except error:
        return None


class ClockSteps(RuleBasedStateMachine):
    """Time passes by steps of its own, often just to where something changes."""

    connection: Connection[Any]

    def __init__(self) -> None:
        super().__init__()
        self.connection.execute(f"SET timezone = '{ZONE}'")
        empty_tables(self.connection)
        self.now = START

    def limits(self) -> list[datetime]:
        """The times at which something changes by itself."""
        return []

    @rule(duration=DURATIONS)
    def time_passes(self, duration: timedelta) -> None:
        self.now += duration

    @rule(pick=PICK, off=NEARLY)
    def time_passes_to_a_limit(self, pick: int, off: timedelta) -> None:
        ahead = sorted({limit for limit in self.limits() if limit >= self.now})
        if ahead:
            self.now = max(self.now, ahead[pick % len(ahead)] + off)
