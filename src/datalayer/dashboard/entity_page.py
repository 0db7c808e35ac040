"""The page of one execution or worker: its facts, its statuses and its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from datalayer.dashboard.differences import compare_field, recorded_value
from datalayer.dashboard.formatting import (
    NOTHING,
    age,
    clock,
    day,
    duration,
    minute,
    moment,
    number,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.dashboard.differences import FieldChange, Value
    from datalayer.dashboard.model import Change, EntityHistory, Fact, Stay

#: Shorter stays are drawn a little wider than they are, so that they can be seen.
_NARROWEST = 0.4


@dataclass(frozen=True, slots=True)
class FactLine:
    """A fact as it is written."""

    name: str
    value: str
    link: str | None


@dataclass(frozen=True, slots=True)
class StayBar:
    """A stretch of the bar of statuses."""

    status: str
    x: str
    width: str
    length: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One change as the timeline tells it."""

    time: datetime
    clock: str
    #: How long after the change before it; nothing within one transaction.
    gap: str
    operation: str
    heading: str
    fields: tuple[FieldChange, ...] = ()
    initial: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """The changes of one day of UTC."""

    label: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class EntityPage:
    """What the template of an entity writes."""

    title: str
    ref: str | None
    status: str | None
    is_gone: bool
    facts: tuple[FactLine, ...]
    stays: tuple[StayBar, ...]
    stays_label: str
    stays_note: str
    summary: str
    days: tuple[Day, ...]
    newest_link: str | None
    older_link: str | None


def make_entity_page(history: EntityHistory, *, is_first_page: bool) -> EntityPage:
    """Return the page for a page of history."""
    entity = history.entity
    address = f"/{entity.kind}/{entity.id}"
    stays = _stay_bars(history.stays, history.now)
    more = history.next_before
    return EntityPage(
        title=f"{entity.kind.capitalize()} {entity.id}",
        ref=entity.ref,
        status=entity.status,
        is_gone=entity.status is None,
        facts=tuple(_fact_line(fact, history.now) for fact in entity.facts),
        stays=stays,
        stays_label="; ".join(stay.text for stay in stays),
        stays_note=history.stays_note,
        summary=_summary(history),
        days=tuple(_days(history.changes, history.before_page)),
        newest_link=None if is_first_page else address,
        older_link=None if more is None else f"{address}?before={more}",
    )


def _summary(history: EntityHistory) -> str:
    count = history.change_count
    kept = f"{number(count)} change{'' if count == 1 else 's'}"
    return f"{kept}, newest first" if count else "No change is kept any more"


def _fact_line(fact: Fact, now: datetime) -> FactLine:
    value = fact.value
    if isinstance(value, datetime):
        text = moment(value.astimezone(UTC))
        if fact.tells_age:
            text = age(now - value)
    else:
        text = NOTHING if value is None else str(value)
    return FactLine(fact.name, text, fact.link)


def _stay_bars(stays: Sequence[Stay], now: datetime) -> tuple[StayBar, ...]:
    lengths = [(stay.until or now) - stay.since for stay in stays]
    seconds = [max(length.total_seconds(), 0.0) for length in lengths]
    total = sum(seconds) or 1.0
    widths = [max(100 * each / total, _NARROWEST) for each in seconds]
    scale = 100 / (sum(widths) or 1.0)
    bars = []
    left = 0.0
    for stay, length, width in zip(stays, lengths, widths, strict=True):
        told = duration(length) + ("" if stay.until else " so far")
        bars.append(
            StayBar(
                status=stay.status,
                x=f"{left:.3f}%",
                width=f"{width * scale:.3f}%",
                length=told,
                text=f"{stay.status} for {told}, from {minute(stay.since)} UTC",
            )
        )
        left += width * scale
    return tuple(bars)


def _days(changes: Sequence[Change], before: datetime | None) -> Iterator[Day]:
    """Yield the days of a page; `before` is when the change below it was."""
    times = [change.time for change in changes[1:]]
    gaps = [
        _gap(change.time, older)
        for change, older in zip(changes, [*times, before], strict=False)
    ]
    entries = [
        (change.time.astimezone(UTC), _entry(change, gap))
        for change, gap in zip(changes, gaps, strict=True)
    ]
    for date, of_day in groupby(entries, key=lambda pair: pair[0].date()):
        midnight = datetime(date.year, date.month, date.day, tzinfo=UTC)
        yield Day(day(midnight), tuple(entry for _, entry in of_day))


def _gap(time: datetime, older: datetime | None) -> str:
    if older is None or time == older:
        return ""
    # Transactions overlap: what is later by `seq` may have begun earlier.
    return f"+{duration(time - older)}" if time > older else duration(time - older)


def _entry(change: Change, gap: str) -> Entry:
    time = change.time.astimezone(UTC)
    fields: tuple[FieldChange, ...] = ()
    initial: tuple[tuple[str, Value], ...] = ()
    if change.operation == "UPDATE":
        fields = tuple(
            compare_field(
                field, change.old_values.get(field), change.new_values.get(field)
            )
            for field in change.changed_fields
        )
    elif change.operation == "INSERT":
        initial = _initial_values(change)
    return Entry(
        time=time,
        clock=clock(time),
        gap=gap,
        operation=change.operation,
        heading=_entry_heading(change),
        fields=fields,
        initial=initial,
    )


def _initial_values(change: Change) -> tuple[tuple[str, Value], ...]:
    """Return the first values by name: the status first, and last what was NULL."""
    order = sorted(
        change.new_values.items(),
        key=lambda pair: (pair[0] != "status", pair[1] is None, pair[0]),
    )
    return tuple((name, recorded_value(value)) for name, value in order)


def _entry_heading(change: Change) -> str:
    if change.operation == "INSERT":
        return "Created"
    if change.operation == "DELETE":
        return "Deleted"
    status = change.new_values.get("status")
    if "status" in change.changed_fields and isinstance(status, str):
        return f"Became {status}"
    return f"Changed {', '.join(change.changed_fields)}"
