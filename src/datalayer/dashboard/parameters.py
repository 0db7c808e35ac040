"""What a reader asks for, as it stands in the address of a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from datalayer.dashboard.model import Period

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_HOURS = 8760
_LARGEST_ID = 2**63 - 1
_LONGEST_TEXT = 500
#: Far enough from the ends of Python's calendar to add and subtract.
_YEARS = range(1970, 2200)

#: The ranges that one click chooses, and how they are called.
RANGES = {6: "6 h", 24: "24 h", 168: "7 d", 720: "30 d"}


class BadParameter(ValueError):
    """A part of the address cannot be understood; the text says what it can be."""


@dataclass(frozen=True, slots=True)
class OverviewRequest:
    """The range and the action that the overview is asked for."""

    hours: int | None
    since: datetime | None = None
    until: datetime | None = None
    action_ref: str | None = None

    def period(self, now: datetime) -> Period:
        """Return the stretch of time that is meant, seen from now."""
        until = self.until or now
        since = self.since or until - timedelta(hours=self.hours or 0)
        if since >= until:
            raise BadParameter("`since` must be before `until`, and not in the future")
        if until - since > timedelta(hours=MOST_HOURS):
            raise BadParameter(f"the range may have {MOST_HOURS:,} hours at most")
        return Period(since, until)

    def link(self, *, hours: int | None = None, **changes: str | None) -> str:
        """Return the address of the overview with some parts changed."""
        parts = self._parts()
        if hours is not None:
            parts = {"hours": str(hours), "action_ref": self.action_ref}
        parts |= changes
        query = urlencode({k: v for k, v in parts.items() if v is not None})
        return f"/?{query}" if query else "/"

    def _parts(self) -> dict[str, str | None]:
        return {
            "hours": None if self.hours is None else str(self.hours),
            "since": field_time(self.since),
            "until": field_time(self.until),
            "action_ref": self.action_ref,
        }


def field_time(time: datetime | None) -> str | None:
    """Return a time as the field of a form has it."""
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def read_overview_request(
    query: Mapping[str, str], *, default_hours: int = 24
) -> OverviewRequest:
    """Return what the address of the overview asks for."""
    since = _read_time(query, "since")
    until = _read_time(query, "until")
    hours = _read_hours(query)
    if since is not None and hours is not None:
        raise BadParameter("`since` and `hours` exclude each other")
    return OverviewRequest(
        hours=None if since else hours or default_hours,
        since=since,
        until=until,
        action_ref=_read_text(query, "action_ref"),
    )


def read_search(query: Mapping[str, str]) -> str:
    """Return what is searched for; empty for nothing."""
    return _read_text(query, "q") or ""


def read_before(query: Mapping[str, str]) -> int | None:
    """Return before which `seq` a page of history is asked for."""
    text = query.get("before", "")
    if not text:
        return None
    before = read_id(text)
    if before is None:
        raise BadParameter("`before` must be a whole number, as in the links")
    return before


def read_id(text: str) -> int | None:
    """Return the number of an entity; None for what cannot be one."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        return None
    number = int(text)
    return number if number <= _LARGEST_ID else None


def _read_hours(query: Mapping[str, str]) -> int | None:
    text = query.get("hours", "").strip()
    if not text:
        return None
    hours = read_id(text)
    if hours is None or not 1 <= hours <= MOST_HOURS:
        raise BadParameter(f"`hours` must be a whole number from 1 to {MOST_HOURS}")
    return hours


def _read_time(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.year not in _YEARS:
        raise BadParameter(f"`{name}` must be a time such as 2026-11-21T09:00, in UTC")
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _read_text(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name, "").strip()
    if "\0" in text or len(text) > _LONGEST_TEXT:
        raise BadParameter(f"`{name}` must be a text of at most 500 characters")
    return text or None
