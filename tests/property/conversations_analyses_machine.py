"""A state machine that asks for analyses and works on them, as users and workers do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from conversations_analyses_model import (
    STATUSES,
    Analyses,
    Analysis,
    Attempt,
    Branch,
    Event,
)
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from operations_clock import none_if
from psycopg.rows import namedtuple_row

from datalayer.domains import conversations
from datalayer.domains.conversations import errors
from datalayer.queries.conversations import analysis, analysis_audit
from datalayer.queries.enums import ConversationAnalysisStatus

if TYPE_CHECKING:
    from psycopg import Connection

#: Two days before the clocks of Berlin, where the sessions are, go an hour forward.
START = datetime(2026, 3, 27, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

#: The branches that have requests, and their trains.
BRANCHES: dict[Branch, str] = {
    (UUID(int=1), "main"): "docs",
    (UUID(int=1), "branch_1"): "docs",
    (UUID(int=2), "main"): "docs",
    (UUID(int=3), "main"): "web",
}
_UNKNOWN: Branch = (UUID(int=3), "branch_1")

_PICK = st.integers(0, 59)
_BRANCHES = st.sampled_from([*BRANCHES, *BRANCHES, _UNKNOWN])
_PROMPTS = st.sampled_from([None, "shorter"])
_LEASES = st.sampled_from([SECOND, DAY])
_MOST = st.integers(1, 3)
_KINDS = st.sampled_from(["current", "current", "given", "next", "foreign"])
_WHO = st.sampled_from([None, {"worker": "ada"}])


class AnalysesMachine(RuleBasedStateMachine):
    """Each call of the services, beside what it should do."""

    connection: Connection[Any]

    def __init__(self) -> None:
        super().__init__()
        self.connection.execute("SET timezone = 'Europe/Berlin'")
        self.connection.execute(
            "DELETE FROM conversation_analyses; DELETE FROM analysis_audit_log"
        )
        self.now = START
        self.model = Analyses()

    # Time.

    @rule(duration=st.sampled_from([MICROSECOND, SECOND, DAY]))
    def time_passes(self, duration: timedelta) -> None:
        self.now += duration

    @rule(pick=_PICK, off=st.sampled_from([-MICROSECOND, 0 * SECOND]))
    def time_passes_to_the_end_of_a_lease(self, pick: int, off: timedelta) -> None:
        ends = [row.locked_until for row in self.model.rows.values()]
        ahead = sorted(end for end in ends if end is not None and end >= self.now)
        if ahead:
            self.now = max(self.now, ahead[pick % len(ahead)] + off)

    # What users ask for.

    @rule(branch=_BRANCHES, prompt=_PROMPTS, who=_WHO)
    def create(self, branch: Branch, prompt: str | None, who: Any) -> None:  # noqa: ANN401 (JSON)
        row = none_if(
            errors.BranchNotFound,
            lambda: conversations.create_analysis(
                self.connection,
                conversation_id=branch[0],
                branch_id=branch[1],
                custom_prompt=prompt,
                user_context=who,
                now=self.now,
            ),
        )
        if branch not in BRANCHES:
            assert row is None, "law: nothing is analysed that is not there"
            return
        assert row is not None, "law: each branch with a request has an analysis"
        new = Analysis(row.id, *branch, BRANCHES[branch], prompt, self.now)
        expected = self.model.create(new, who or {}, self.now)
        assert Analysis.of(row) == expected, "law: created once, and again when failed"

    @rule(branch=_BRANCHES, prompt=_PROMPTS, who=_WHO)
    def regenerate(self, branch: Branch, prompt: str | None, who: Any) -> None:  # noqa: ANN401 (JSON)
        row = none_if(
            errors.AnalysisNotFound,
            lambda: conversations.regenerate_analysis(
                self.connection,
                conversation_id=branch[0],
                branch_id=branch[1],
                custom_prompt=prompt,
                user_context=who,
                now=self.now,
            ),
        )
        known = self.model.rows.get(branch)
        if known is None:
            assert row is None, "law: only what was asked for is asked for anew"
            return
        assert row is not None, "law: what was asked for can be asked for anew"
        self.model.regenerate(known, prompt, who or {}, self.now)
        assert Analysis.of(row) == known, "law: asked for anew, it begins again"

    # What workers do.

    def attempt(self, kind: str, pick: int) -> Attempt:
        """An attempt that is the current one, or only says that it is."""
        current = [row.attempt for row in self.model.of_status("processing")]
        others = [row.attempt for row in self.model.rows.values()]
        known = {
            "current": current,
            "given": self.model.given,
            "next": [(row_id, token + 1) for row_id, token in others],
            "foreign": [(row_id, token) for row_id, _ in others for _, token in others],
        }[kind]
        return known[pick % len(known)] if known else (2**40, 1)

    @rule(lease=_LEASES, who=_WHO)
    def claim(self, lease: timedelta, who: Any) -> None:  # noqa: ANN401 (JSON)
        row = conversations.claim_analysis(
            self.connection, lease=lease, user_context=who, now=self.now
        )
        oldest = self.model.oldest()
        if row is None or oldest is None:
            assert (row, oldest) == (None, None), "law: what is pending can be claimed"
            return
        assert row.id == oldest.id, "law: the oldest that is pending is claimed"
        self.model.claim(oldest, lease, who or {}, self.now)
        attempt = (row.id, row.attempt_token)
        assert attempt not in self.model.given, "law: no token is given twice"
        self.model.given.append(attempt)
        for name in ("attempt_token", "locked_until", "custom_prompt", "retry_count"):
            assert getattr(row, name) == getattr(oldest, name), "law: what one gets"

    @rule(kind=_KINDS, pick=_PICK, who=_WHO)
    def complete(self, kind: str, pick: int, who: Any) -> None:  # noqa: ANN401 (JSON)
        self.complete_attempt(self.attempt(kind, pick), who)

    def complete_attempt(self, attempt: Attempt, who: Any) -> None:  # noqa: ANN401 (JSON)
        content = f"found in {attempt}"
        row = none_if(
            errors.AnalysisAttemptLost,
            lambda: conversations.complete_analysis(
                self.connection,
                analysis_id=attempt[0],
                attempt_token=attempt[1],
                content=content,
                data={"said": content},
                raw_response=[content],
                model_used=content,
                prompt_tokens=7,
                completion_tokens=0,
                user_context=who,
                now=self.now,
            ),
        )
        held = self.model.holder(attempt)
        assert (row is None) == (held is None), "law: who holds the lease, completes"
        if held is not None:
            self.model.complete(held, content, who or {}, self.now)

    @rule(kind=_KINDS, pick=_PICK, most=_MOST, who=_WHO)
    def fail(self, kind: str, pick: int, most: int, who: Any) -> None:  # noqa: ANN401 (JSON)
        self.fail_attempt(self.attempt(kind, pick), most, who)

    def fail_attempt(self, attempt: Attempt, most: int, who: Any) -> None:  # noqa: ANN401 (JSON)
        error = f"error of {attempt}"
        row = none_if(
            errors.AnalysisAttemptLost,
            lambda: conversations.fail_analysis(
                self.connection,
                analysis_id=attempt[0],
                attempt_token=attempt[1],
                error=error,
                max_attempts=most,
                user_context=who,
                now=self.now,
            ),
        )
        held = self.model.holder(attempt)
        assert (row is None) == (held is None), "law: who holds the lease, fails"
        if held is not None and row is not None:
            self.model.fail(held, error, most, who or {}, self.now)
            assert row.status == held.status, "law: failed after the last attempt"

    @rule(limit=st.integers(1, 3), most=_MOST, who=_WHO)
    def reset(self, limit: int, most: int, who: Any) -> None:  # noqa: ANN401 (JSON)
        rows = conversations.reset_stuck_analyses(
            self.connection,
            limit=limit,
            max_attempts=most,
            user_context=who,
            now=self.now,
        )
        expired = self.model.expired(self.now)[:limit]
        assert [row.id for row in rows] == sorted(each.id for each in expired), (
            "law: what is taken back has no lease any more"
        )
        for each in sorted(expired, key=lambda row: row.id):
            error = f"the lease of attempt {each.attempt_token} ended"
            self.model.fail(each, error, most, who or {}, self.now, "reset")

    # What would come together too rarely by itself.

    @precondition(lambda self: self.model.oldest() is not None)
    @rule(lease=_LEASES, again=st.booleans(), anew=st.booleans(), late=st.booleans())
    def come_too_late(
        self, lease: timedelta, again: bool, anew: bool, late: bool
    ) -> None:
        """End an attempt that is lost, maybe while another worker has the analysis."""
        self.claim(lease, None)
        stale = self.model.given[-1]
        held = self.model.holder(stale)
        assert held is not None
        if anew:
            self.regenerate(held.branch, "anew", None)
        else:
            self.now += lease
            self.reset(3, 3, None)
        if again:
            self.claim(lease, None)
        self.fail_attempt(stale, 3, None) if late else self.complete_attempt(
            stale, None
        )
        self.rows_agree()

    @rule(branch=st.sampled_from([*BRANCHES]), most=_MOST, anew=st.booleans())
    def try_until_it_failed(self, branch: Branch, most: int, anew: bool) -> None:
        """Fail as often as it takes, and ask again."""
        self.create(branch, None, None)
        while (oldest := self.model.oldest()) is not None:
            self.claim(SECOND, None)
            self.fail_attempt(oldest.attempt, most, None)
        self.rows_agree()
        self.regenerate(branch, None, None) if anew else self.create(
            branch, "again", None
        )

    @rule(branch=st.sampled_from([*BRANCHES]), who=_WHO)
    def find_out_twice(self, branch: Branch, who: Any) -> None:  # noqa: ANN401 (JSON)
        """Complete an analysis, ask for it anew, and once more without that."""
        self.create(branch, None, who)
        self.regenerate(branch, "anew", who)
        while (oldest := self.model.oldest()) is not None:
            self.claim(DAY, who)
            self.complete_attempt(oldest.attempt, who)
        self.log_agrees()
        self.regenerate(branch, None, who)
        self.claim(SECOND, who)

    @rule(
        leases=st.permutations([SECOND, 2 * SECOND, DAY, DAY]),
        waited=st.sampled_from([2 * SECOND, DAY]),
        early=st.sampled_from([0 * SECOND, MICROSECOND]),
        limit=st.integers(1, 3),
    )
    def let_many_be_stuck(
        self, leases: list[timedelta], waited: timedelta, early: timedelta, limit: int
    ) -> None:
        """Claim all at once, and take back those whose lease ended first."""
        for branch, lease in zip(BRANCHES, leases, strict=True):
            self.regenerate(branch, None, None)
            self.create(branch, None, None)
            self.claim(lease, None)
        self.now += waited - early
        self.list_them(limit, "docs")
        self.reset(limit, 3, None)

    # After each step.

    @invariant()
    def rows_agree(self) -> None:
        with self.connection.cursor(row_factory=namedtuple_row) as cursor:
            rows = cursor.execute("SELECT * FROM conversation_analyses ORDER BY id")
            found = [Analysis.of(row) for row in rows]
        expected = sorted(self.model.rows.values(), key=lambda row: row.id)
        assert found == expected, "law: the rows"

    @invariant()
    def log_agrees(self) -> None:
        rows = analysis_audit.list_analysis_events(self.connection, row_limit=None)
        found = [Event.of(row) for row in sorted(rows, key=lambda row: row.id)]
        assert found == self.model.events, "law: each step is in the log, once"

    @rule(row_limit=st.integers(1, 3), train_id=st.sampled_from(["docs", "web"]))
    def list_them(self, row_limit: int, train_id: str) -> None:
        """Page by page, the newest first, and how many there are."""
        rows = sorted(
            self.model.rows.values(), key=lambda row: (row.created_at, row.id)
        )[::-1]
        for status in ConversationAnalysisStatus:
            expected = [row.id for row in rows if row.status == status]
            found = self.pages_of_status(row_limit, status)
            assert found == expected, "law: the pages of a status"
        ended = [
            ConversationAnalysisStatus.COMPLETED,
            ConversationAnalysisStatus.FAILED,
        ]
        for wanted in (None, ended):
            expected = [
                row.id
                for row in rows
                if row.train_id == train_id and row.status in (wanted or STATUSES)
            ]
            found = self.pages_of_train(row_limit, train_id, wanted)
            assert found == expected, "law: the pages of a train"
        own = [row for row in rows if row.train_id == train_id]
        counts = analysis.count_analyses(self.connection)
        assert_counts(counts, rows)
        counts = analysis.count_train_analyses(self.connection, train_id=train_id)
        assert_counts(counts, own)

    def pages_of_status(
        self, row_limit: int, status: ConversationAnalysisStatus
    ) -> list[int]:
        found: list[int] = []
        cursor: str | None = None
        while True:
            page = analysis.list_analyses(
                self.connection, status=status, row_limit=row_limit, cursor=cursor
            )
            assert len(page.items) <= row_limit, "law: a page"
            found += [row.id for row in page.items]
            assert len(found) <= len(BRANCHES), "law: the pages have an end"
            if page.next is None:
                return found
            cursor = page.next

    def pages_of_train(
        self,
        row_limit: int,
        train_id: str,
        statuses: list[ConversationAnalysisStatus] | None,
    ) -> list[int]:
        found: list[analysis.AnalysisSummary] = []
        while page := analysis.list_train_analyses(
            self.connection,
            train_id=train_id,
            statuses=statuses,
            before_created_at=found[-1].created_at if found else None,
            before_id=found[-1].id if found else None,
            row_limit=row_limit,
        ):
            assert len(page) <= row_limit, "law: a page"
            found += page
            assert len(found) <= len(BRANCHES), "law: the pages have an end"
        return [row.id for row in found]


def assert_counts(counts: list[analysis.AnalysisCount], rows: list[Analysis]) -> None:
    """All statuses are counted, in their order."""
    found = [(each.status, each.analyses) for each in counts]
    expected = [
        (status, sum(row.status == status for row in rows)) for status in STATUSES
    ]
    assert found == expected, "law: the counts"


def open_machine(connection: Connection[Any]) -> type[AnalysesMachine]:
    """A machine on a database whose analyses it empties for each example."""
    connection.cursor().executemany(
        "INSERT INTO api_requests (request_id, timestamp, train_id, path, headers,"
        " conversation_id, branch_id)"
        " VALUES (gen_random_uuid(), %s, %s, '/', '{}', %s, %s)",
        [(START, train_id, *branch) for branch, train_id in BRANCHES.items()] * 2,
    )
    return type("OpenMachine", (AnalysesMachine,), {"connection": connection})
