"""What is wrong with a run: which law a job broke, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Law(StrEnum):
    """What holds whatever happens."""

    NONE_LOST = "no job is lost"
    NONE_DOUBLED = "no job is doubled"
    ALL_ENDED = "every job ends"
    RIGHT_END = "a job ends as its handler decides"
    KNOWN_STEPS = "a job changes only as a job does"
    IN_TIME = "no job is claimed before its time"
    ONE_HOLDER = "one attempt at a time"
    LEASES_HOLD = "no job is taken before its lease ends"
    TOKENS_COUNT = "the token counts the claims"
    FAILURES_COUNT = "retries count the failures"
    ENDED_BY_TOKEN = "only the current token ends an attempt"
    FENCED = "a stale token changes nothing"
    ONE_EFFECT = "each posted job has one effect, of the attempt that posted it"
    NO_OTHER_EFFECT = "nothing else has an effect"
    ONE_LINE = "an end is logged at most once, by who caused it"
    WORKERS_STAY = "no worker ends unless it is asked to"


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that was broken."""

    law: Law
    text: str
    job_id: int | None = None

    def __str__(self) -> str:
        """Return it as a line."""
        job = "" if self.job_id is None else f"job {self.job_id}: "
        return f"{self.law}: {job}{self.text}"
