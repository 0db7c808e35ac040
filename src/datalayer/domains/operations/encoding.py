"""Events on their way to the server, and what is wrong with those that stay behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.domains.operations.results import RejectedEvent
from datalayer.runtime.json import dumps

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from datalayer.runtime import JsonInput

#: Errors that one event can be the reason of, by the first two characters of their
#: SQLSTATE: what is wrong with data, what a constraint refuses, what is too large.
#: https://www.postgresql.org/docs/current/errcodes-appendix.html
_FAULTS_OF_AN_EVENT = {"22", "23", "54"}


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """An event as it is sent, with its place among those given."""

    position: int
    event_type: str
    payload: str


def encode_events(
    events: Sequence[tuple[str, JsonInput]],
) -> tuple[list[EncodedEvent], list[RejectedEvent]]:
    """Return the events that can be sent, and those that cannot."""
    encoded: list[EncodedEvent] = []
    rejected: list[RejectedEvent] = []
    for position, event in enumerate(events):
        try:
            event_type, payload = event
            _check_type(event_type)
            text = dumps(payload).decode()
        # An object may raise the first three, and one that holds itself the last.
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            rejected.append(RejectedEvent(position, _reason(error)))
        else:
            encoded.append(EncodedEvent(position, event_type, text))
    return encoded, rejected


def refusal(
    event: EncodedEvent, error: psycopg.Error | UnicodeEncodeError
) -> RejectedEvent:
    """Return what is said against an event when it is sent."""
    if isinstance(error, UnicodeEncodeError):
        return RejectedEvent(event.position, str(error))
    said = (error.diag.message_primary, error.diag.message_detail)
    reason = ": ".join(part for part in said if part)
    return RejectedEvent(event.position, reason or str(error))


def is_fault_of_an_event(error: psycopg.Error | UnicodeEncodeError) -> bool:
    """Tell whether what was sent is wrong, rather than the server or the session."""
    if isinstance(error, UnicodeEncodeError):
        return True
    return (error.sqlstate or "")[:2] in _FAULTS_OF_AN_EVENT


def _check_type(event_type: object) -> None:
    """Raise `ValueError` for what is no type of an event."""
    if not isinstance(event_type, str):
        raise ValueError(f"the type is a {type(event_type).__name__}, not text")
    if not event_type:
        raise ValueError("the type is empty")
    if "\0" in event_type:
        raise ValueError("the type holds a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in event_type):
        raise ValueError("the type holds a lone surrogate")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "the payload holds a lone surrogate"
    if isinstance(error, RecursionError):
        return "the payload is nested too deeply"
    return str(error)
