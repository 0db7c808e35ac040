"""What maintenance tells while it works, and in the end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepBegun:
    """A policy of TimescaleDB starts: it says nothing until it ends."""

    task: str
    relation: str


@dataclass(frozen=True, slots=True)
class StepDone:
    """A piece of work that is done and stays; `amount` counts partitions or hours.

    A policy of TimescaleDB does not say how much it did: `amount` is None.
    """

    task: str
    relation: str
    amount: int | None
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Retrying:
    """Somebody holds a lock; the step is tried again after `delay` seconds."""

    attempt: int
    delay: float
    reason: str


MaintenanceEvent = StepBegun | StepDone | Retrying


@dataclass(frozen=True, slots=True)
class MaintenanceReport:
    """What was done, in order."""

    steps: tuple[StepDone, ...]
