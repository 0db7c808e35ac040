"""The laws of the list of conversations: each once, with its sums, as others write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis import strategies as st

from datalayer.domains import conversations
from datalayer.domains.conversations import ConversationFilter

if TYPE_CHECKING:
    from psycopg import Connection

    from datalayer.domains.conversations import ConversationSummary

    Law = Callable[[Connection[Any], "Situation"], None]

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A request, as far as the list looks at it; many have the same time."""

    minute: int
    train_id: str
    conversation: int | None
    account_id: str | None
    model: str | None
    is_subtask: bool
    branch: str
    tokens: tuple[int, int]

    @property
    def timestamp(self) -> datetime:
        return _FIRST + timedelta(minutes=self.minute)

    @property
    def conversation_id(self) -> UUID | None:
        """One for each train: linking never crosses them."""
        if self.conversation is None:
            return None
        return UUID(int=self.conversation * 1000 + ord(self.train_id))

    @property
    def branch_id(self) -> str:
        return f"subtask_{self.branch}" if self.is_subtask else self.branch


@dataclass(frozen=True)
class Situation:
    """What is stored, what between the pages, and which conversations are wanted."""

    rows: list[Row]
    later: list[list[Row]]
    wanted: ConversationFilter
    row_limit: int


_ROWS = st.builds(
    Row,
    minute=st.integers(0, 7),
    train_id=st.sampled_from(["t", "t", "t", "u"]),
    conversation=st.integers(1, 6) | st.none(),
    account_id=st.sampled_from(["a", "b", None]),
    model=st.sampled_from(["m", "n", None]),
    is_subtask=st.booleans(),
    branch=st.sampled_from(["1", "2"]),
    tokens=st.tuples(st.integers(0, 9), st.integers(0, 9) | st.just(2**31 - 1)),
)
_TIMES = st.none() | st.integers(0, 7).map(
    lambda each: _FIRST + timedelta(minutes=each)
)
_FILTERS = st.builds(
    ConversationFilter,
    train_id=st.just("t"),
    since=_TIMES,
    until=_TIMES,
    account_id=st.sampled_from([None, None, "a"]),
    model=st.sampled_from([None, None, "m"]),
    has_subtasks=st.sampled_from([None, None, True, False]),
)
situations = st.builds(
    Situation,
    rows=st.lists(_ROWS, max_size=20),
    later=st.lists(st.lists(_ROWS, max_size=3), max_size=4),
    wanted=_FILTERS,
    row_limit=st.integers(1, 3),
)


def check(connection: Connection[Any], situation: Situation, law: Law) -> None:
    """Ask about what is stored, in a transaction that leaves nothing behind."""
    with connection.transaction(force_rollback=True):
        store(connection, situation.rows)
        law(connection, situation)


def store(connection: Connection[Any], rows: Iterable[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO api_requests (request_id, timestamp, train_id, account_id,"
            " conversation_id, model, is_subtask, branch_id, input_tokens,"
            " output_tokens, path, headers) VALUES (gen_random_uuid(), %s, %s, %s, %s,"
            " %s, %s, %s, %s, %s, '/', '{}')",
            [
                (
                    row.timestamp,
                    row.train_id,
                    row.account_id,
                    row.conversation_id,
                    row.model,
                    row.is_subtask,
                    row.branch_id,
                    *row.tokens,
                )
                for row in rows
            ],
        )


def visit(
    connection: Connection[Any], situation: Situation, later: list[list[Row]]
) -> list[ConversationSummary]:
    """Read all pages, while others store requests in between."""
    seen: list[ConversationSummary] = []
    waiting = list(later)
    while page := conversations.page_conversations(
        connection,
        wanted=situation.wanted,
        after=seen[-1].conversation if seen else None,
        row_limit=situation.row_limit,
    ).summaries:
        seen += page
        assert len(seen) < 100, "law: pages end"
        if waiting:
            store(connection, waiting.pop(0))
    return seen


def _by_conversation(rows: Iterable[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        if row.conversation_id is not None and row.train_id == "t":
            found.setdefault(row.conversation_id, []).append(row)
    return found


def _passes(rows: list[Row], wanted: ConversationFilter) -> bool:
    last = max(row.timestamp for row in rows)
    return (
        (wanted.since is None or last >= wanted.since)
        and (wanted.until is None or last < wanted.until)
        and wanted.account_id in (None, *(row.account_id for row in rows))
        and wanted.model in (None, *(row.model for row in rows))
        and wanted.has_subtasks in (None, any(row.is_subtask for row in rows))
    )


def check_list(connection: Connection[Any], situation: Situation) -> None:
    """Nobody else writes: the pages are all that pass, newest first, and sums."""
    seen = visit(connection, situation, [])
    expected = {
        each: rows
        for each, rows in _by_conversation(situation.rows).items()
        if _passes(rows, situation.wanted)
    }
    ids = [summary.conversation.conversation_id for summary in seen]
    keys = [
        (each.conversation.last_activity_at, each.conversation.last_request_id)
        for each in seen
    ]
    assert sorted(ids) == sorted(expected), "law: all that pass, once each"
    assert keys == sorted(keys, reverse=True), "law: newest activity first"
    for summary in seen:
        _check_sums(summary, expected[summary.conversation.conversation_id])


def _check_sums(summary: ConversationSummary, rows: list[Row]) -> None:
    found = summary.conversation
    branches = sorted({row.branch_id for row in rows})
    assert sorted(each.branch_id for each in summary.branches) == branches, (
        "law: the branches"
    )
    begins = [(each.started_at, each.branch_id) for each in summary.branches]
    assert begins == sorted(begins), "law: branches in the order they began"
    assert sum(each.request_count for each in summary.branches) == len(rows), (
        "law: each request is on one branch"
    )
    assert (
        found.started_at,
        found.last_activity_at,
        found.request_count,
        found.branch_count,
        found.subtask_count,
        found.input_tokens,
        found.output_tokens,
        found.total_tokens,
        found.models,
    ) == (
        min(row.timestamp for row in rows),
        max(row.timestamp for row in rows),
        len(rows),
        len(branches),
        len({row.branch_id for row in rows if row.is_subtask}),
        sum(row.tokens[0] for row in rows),
        sum(row.tokens[1] for row in rows),
        sum(sum(row.tokens) for row in rows),
        sorted({row.model for row in rows if row.model is not None}),
    ), "law: the sums"


def check_count(connection: Connection[Any], situation: Situation) -> None:
    """All that pass are counted, up to a maximum."""
    passing = [
        rows
        for rows in _by_conversation(situation.rows).values()
        if _passes(rows, situation.wanted)
    ]
    for maximum in (1, 100):
        page = conversations.page_conversations(
            connection, wanted=situation.wanted, maximum=maximum
        )
        assert page.total == min(len(passing), maximum), "law: the total"


def check_visits(connection: Connection[Any], situation: Situation) -> None:
    """Others write between the pages: none is seen twice, and what rests is seen."""
    seen = visit(connection, situation, situation.later)
    ids = [summary.conversation.conversation_id for summary in seen]
    assert len(ids) == len(set(ids)), "law: none is seen twice"
    before = _by_conversation(situation.rows)
    touched = _by_conversation(row for rows in situation.later for row in rows)
    for each, rows in before.items():
        newest = max(row.timestamp for row in rows)
        rests = all(row.timestamp < newest for row in touched.get(each, []))
        if rests and _passes_anyway(rows, touched.get(each, []), situation.wanted):
            assert each in ids, "law: what is not continued is seen"


def _passes_anyway(
    rows: list[Row], touched: list[Row], wanted: ConversationFilter
) -> bool:
    """Tell whether a conversation passes whatever of the later requests is stored."""
    return _passes(rows, wanted) and _passes([*rows, *touched], wanted)


LAWS: tuple[Law, ...] = (check_list, check_count, check_visits)
