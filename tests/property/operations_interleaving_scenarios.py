"""Interleavings that are known to be hard, with what each session is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from operations_interleaving_histories import Event
from operations_interleaving_lab import Trial
from operations_interleaving_language import (
    Control,
    Program,
    Step,
    StoredJob,
)


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    steps: tuple[tuple[int, Step], ...]
    #: In the order in which the statements ended.
    told: tuple[str, ...]
    jobs: tuple[StoredJob, ...] = ()

    @property
    def program(self) -> Program:
        return Program(self.jobs, self.steps)


def told(trial: Trial) -> Iterator[str]:
    """What each statement said, but for the ends of transactions."""
    for event in trial.run.events:
        if not isinstance(event.step, Control):
            waited = ", after waiting" if event.waited else ""
            yield f"{event.session}: {_said(event)}{waited}"


def _said(event: Event) -> str:
    if event.error:
        return event.error
    said = " and ".join(part.text for part in event.answer.parts)
    return said or ("nothing" if event.answer.shown in ("[]", "None") else "something")
