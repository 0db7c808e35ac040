"""What the queue of analyses should do, in plain Python and without a database."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

STATUSES = ("pending", "processing", "completed", "failed")
#: The id of an analysis, and the token of an attempt at it.
Attempt = tuple[int, int]
#: A conversation, and one of its branches.
Branch = tuple[UUID, str]


@dataclass
class Analysis:
    """An analysis, with the columns of its row but the time of its last change."""

    id: int
    conversation_id: UUID
    branch_id: str
    train_id: str
    custom_prompt: str | None
    created_at: datetime
    status: str = "pending"
    content: str | None = None
    data: object = None
    raw_response: object = None
    model_used: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    error_message: str | None = None
    retry_count: int = 0
    started_at: datetime | None = None
    completed_at: datetime | None = None
    locked_until: datetime | None = None
    attempt_token: int = 0

    @classmethod
    def of(cls, row: Any) -> Analysis:  # noqa: ANN401 (any of the rows)
        return cls(
            **{each.name: in_utc(getattr(row, each.name)) for each in fields(cls)}
        )

    @property
    def attempt(self) -> Attempt:
        return self.id, self.attempt_token

    @property
    def branch(self) -> Branch:
        return self.conversation_id, self.branch_id


@dataclass
class Event:
    """An entry of the log, without its id."""

    event_type: str
    outcome: str
    conversation_id: UUID
    branch_id: str
    train_id: str | None
    request_id: UUID | None
    user_context: object
    metadata: object
    timestamp: datetime

    @classmethod
    def of(cls, row: Any) -> Event:  # noqa: ANN401 (any of the rows)
        return cls(
            **{each.name: in_utc(getattr(row, each.name)) for each in fields(cls)}
        )


def in_utc(value: Any) -> Any:  # noqa: ANN401 (a time as one of UTC, or anything)
    return value.astimezone(UTC) if isinstance(value, datetime) else value


@dataclass
class Analyses:
    """All analyses, and the log of what was done about them."""

    rows: dict[Branch, Analysis] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    #: Every token that was ever given.
    given: list[Attempt] = field(default_factory=list)

    # What is there.

    def of_status(self, status: str) -> list[Analysis]:
        return [row for row in self.rows.values() if row.status == status]

    def oldest(self) -> Analysis | None:
        pending = self.of_status("pending")
        return min(pending, key=lambda row: (row.created_at, row.id), default=None)

    def expired(self, now: datetime) -> list[Analysis]:
        """Whose lease has ended, in the order in which it did."""
        ends = [
            (row.locked_until, row.id, row)
            for row in self.of_status("processing")
            if row.locked_until is not None and row.locked_until <= now
        ]
        return [row for _, _, row in sorted(ends, key=lambda end: end[:2])]

    def holder(self, attempt: Attempt) -> Analysis | None:
        """The analysis that this attempt may end."""
        for row in self.of_status("processing"):
            if row.attempt == attempt:
                return row
        return None

    # What changes it.

    def log(
        self,
        event: str,
        row: Analysis,
        before: str | None,
        who: object,
        now: datetime,
        **more: object,
    ) -> None:
        metadata = {
            "analysis_id": row.id,
            "status_before": before,
            "attempt_token": row.attempt_token,
            "retry_count": row.retry_count,
            **more,
        }
        self.events.append(
            Event(
                event, row.status, *row.branch, row.train_id, None, who, metadata, now
            )
        )

    def create(self, new: Analysis, who: object, now: datetime) -> Analysis:
        """Add an analysis, unless there is one; a failed one begins again."""
        row = self.rows.setdefault(new.branch, new)
        before = None if row is new else row.status
        if before == "failed":
            self._begin(row, new.custom_prompt)
        self.log("create", row, before, who, now, custom_prompt=row.custom_prompt)
        return row

    def regenerate(
        self, row: Analysis, prompt: str | None, who: object, now: datetime
    ) -> None:
        before = row.status
        self._begin(row, prompt)
        self.log("regenerate", row, before, who, now, custom_prompt=prompt)

    def _begin(self, row: Analysis, prompt: str | None) -> None:
        row.status, row.custom_prompt = "pending", prompt
        row.retry_count, row.error_message = 0, None
        row.started_at = row.completed_at = row.locked_until = None

    def claim(
        self, row: Analysis, lease: timedelta, who: object, now: datetime
    ) -> None:
        row.status = "processing"
        row.attempt_token += 1
        row.started_at, row.locked_until = now, now + lease
        self.log("claim", row, "pending", who, now)

    def complete(self, row: Analysis, content: str, who: object, now: datetime) -> None:
        row.status, row.content = "completed", content
        row.data, row.raw_response = {"said": content}, [content]
        row.model_used, row.prompt_tokens, row.completion_tokens = content, 7, 0
        row.error_message, row.completed_at, row.locked_until = None, now, None
        used = {"model_used": content, "prompt_tokens": 7, "completion_tokens": 0}
        self.log("complete", row, "processing", who, now, **used)

    def fail(
        self,
        row: Analysis,
        error: str,
        most: int,
        who: object,
        now: datetime,
        event: str = "fail",
    ) -> None:
        row.retry_count += 1
        row.error_message, row.locked_until = error, None
        if row.retry_count >= most:
            row.status = "failed"
        else:
            row.status, row.started_at = "pending", None
        self.log(event, row, "processing", who, now, error_message=error)
