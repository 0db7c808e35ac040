"""What the hourly relations must be, told from the raw rows in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

SOURCES = ("enforcement", "event", "execution_history", "worker_history")
NEVER = datetime.min.replace(tzinfo=UTC)
ALWAYS = datetime.max.replace(tzinfo=UTC)

Bucket = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A raw row, as far as an hourly relation looks at it."""

    source: str
    key: int
    time: datetime
    ref: str
    operation: str
    status: str


@dataclass(frozen=True, slots=True)
class Relation:
    """An hourly relation: which rows it counts, and by what besides the hour."""

    source: str
    operation: str | None
    columns: tuple[str, ...]

    def bucket(self, row: Row) -> Bucket | None:
        """Return where a row is counted, or None."""
        if row.source != self.source or self.operation not in (None, row.operation):
            return None
        found = {"ref": row.ref, "status": row.status}
        return (hour_of(row.time), *(found[column] for column in self.columns))


RELATIONS = {
    "enforcement_volume_hourly": Relation("enforcement", None, ("ref",)),
    "event_volume_hourly": Relation("event", None, ("ref",)),
    "execution_status_hourly": Relation(
        "execution_history", "UPDATE", ("ref", "status")
    ),
    "execution_throughput_hourly": Relation("execution_history", "INSERT", ("ref",)),
    "execution_volume_hourly": Relation(
        "execution_history", "INSERT", ("ref", "status")
    ),
    "worker_status_hourly": Relation("worker_history", "UPDATE", ("ref", "status")),
}


def hour_of(moment: datetime) -> datetime:
    """Return the hour of UTC that a moment belongs to."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass(slots=True)
class Model:
    """The raw rows that are committed, and the buckets whose rows were dropped."""

    rows: dict[tuple[str, int], Row] = field(default_factory=dict)
    kept: dict[str, Counter[Bucket]] = field(
        default_factory=lambda: {name: Counter() for name in RELATIONS}
    )
    dropped_before: dict[str, datetime] = field(
        default_factory=lambda: dict.fromkeys(SOURCES, NEVER)
    )

    def apply(self, changes: list[Change]) -> None:
        """Take over what a transaction committed."""
        for change in changes:
            change(self.rows)

    def drop(self, source: str, before: datetime) -> None:
        """Drop the rows of a source up to a moment; keep what was counted of them."""
        for name, relation in RELATIONS.items():
            if relation.source == source:
                self.kept[name] += self._counted(name, until=before)
        self.dropped_before[source] = max(self.dropped_before[source], before)
        self.rows = {
            key: row
            for key, row in self.rows.items()
            if row.source != source or row.time >= before
        }

    def expected(self, name: str) -> Counter[Bucket]:
        """Return what a relation shows once maintenance has run."""
        return self.kept[name] + self._counted(name)

    def _counted(self, name: str, *, until: datetime = ALWAYS) -> Counter[Bucket]:
        # What comes late for a dropped hour changes nothing.
        first = self.dropped_before[RELATIONS[name].source]
        buckets = (
            RELATIONS[name].bucket(row)
            for row in self.rows.values()
            if first <= row.time < until
        )
        return Counter(bucket for bucket in buckets if bucket)


Change = Callable[[dict[tuple[str, int], Row]], object]


def adding(row: Row) -> Change:
    """Return the change that a new row makes."""
    return lambda rows: rows.update({(row.source, row.key): row})


def removing(row: Row) -> Change:
    """Return the change that the deletion of a row makes."""
    return lambda rows: rows.pop((row.source, row.key), None)


def renaming(row: Row, ref: str) -> Change:
    """Return the change that another `ref` of a row makes."""
    return adding(replace(row, ref=ref))
