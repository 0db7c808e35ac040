"""Ways to link wrongly, each of which a law must notice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from types import ModuleType

import pytest
from operations_mutant import change_sql

from datalayer.domains.conversations import (
    choosing,
    forest,
    hashing,
    loading,
    nodes,
    placing,
    questions,
    settling,
)
from datalayer.domains.conversations.choosing import Origin
from datalayer.domains.conversations.forest import Forest
from datalayer.domains.conversations.nodes import Node, Reading
from datalayer.queries.conversations import linking
from datalayer.queries.conversations.linking import Relative
from datalayer.runtime import JsonInput

Apply = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class LinkingMutant:
    name: str
    apply: Apply
    #: A regular expression that matches the error.
    noticed_as: str
    #: Whether only what is stored in a database shows it.
    in_database: bool = False
    #: Whether only what is stored late shows it.
    is_late: bool = False


def _change(module: ModuleType | type, name: str, value: object) -> Apply:
    def apply(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, name, value)
        # What is known of messages came of the right way to read them.
        monkeypatch.setattr(hashing, "_DIGESTS", {})

    return apply


def _change_query(*changes: tuple[str, str]) -> Apply:
    change = change_sql(linking, "LIST_RELATIVES", *changes)

    def apply(monkeypatch: pytest.MonkeyPatch) -> None:
        # It takes no connection into account.
        change(monkeypatch, None)  # type: ignore[arg-type]

    return apply


def _rank_without(position: int) -> Apply:
    rank = choosing._Rank.__call__

    def call(self: choosing._Rank, candidate: Node) -> tuple[object, ...]:
        ranks = rank(self, candidate)
        return (*ranks[:position], *ranks[position + 1 :])

    return _change(choosing._Rank, "__call__", call)


_OF_TRAINS = {"after", "hash", "prompt", "summary", "task", "text"}


def _of_any_train(key: tuple[object, ...]) -> tuple[object, ...]:
    return (key[0], "any", *key[2:]) if key[0] in _OF_TRAINS else key


def _mix_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    # Both at once: what only the query finds of other trains, nobody looks at.
    _change_query(("api_requests.train_id = question.train_id", "TRUE"))(monkeypatch)
    keys, found = forest._keys, Forest._found
    monkeypatch.setattr(forest, "_keys", lambda node: map(_of_any_train, keys(node)))
    monkeypatch.setattr(
        Forest, "_found", lambda self, *key: found(self, *_of_any_train(key))
    )


_node_of = questions.node_of
_read_request = nodes.read_request
_begin_task = placing._begin_task
_continue = placing._continue


def _read_without_grandparent(body: JsonInput) -> Reading:
    return replace(_read_request(body), grandparent_hash=None)


def _begin_task_anew(known: Forest, node: Node, origin: Origin) -> Node:
    return _begin_task(known, node, dataclasses.replace(origin, repeated=None))


def _continue_as_subtask(known: Forest, node: Node, origin: Origin) -> Node:
    placed = _continue(known, node, origin)
    assert placed.conversation_id is not None
    others = known.conversation(placed.conversation_id)
    return replace(placed, is_subtask=any(one.is_subtask for one in others))


def _node_of_local_time(row: Relative) -> Node:
    return replace(_node_of(row), timestamp=row.timestamp)


def _local_name(prefix: str, node: Node, taken: object) -> str:
    local = node.timestamp.astimezone(timezone(timedelta(hours=13)))
    return prefix + local.strftime("%Y%m%d%H%M%S%f")


_PLACES = "law: the (parents|branches|conversations|calls)|law: only sub-tasks"

MUTANTS = (
    LinkingMutant(
        "line ends that count",
        _change(
            hashing,
            "normal_text",
            lambda text: hashing._without_reminders(text).strip(),
        ),
        _PLACES,
    ),
    LinkingMutant(
        "reminders that count",
        _change(hashing, "_without_reminders", lambda text: text),
        _PLACES,
    ),
    LinkingMutant(
        "white space that counts",
        _change(
            hashing,
            "normal_text",
            lambda text: hashing._without_reminders(text.replace("\r\n", "\n")),
        ),
        _PLACES,
    ),
    LinkingMutant(
        "tools twice that count",
        _change(hashing, "_is_repeated", lambda block, seen: False),
        _PLACES,
    ),
    LinkingMutant(
        "a parent that answered otherwise",
        _rank_without(1),
        "law: the parents",
    ),
    LinkingMutant(
        "a parent of another system prompt",
        _rank_without(0),
        "law: the parents",
    ),
    LinkingMutant(
        "no grandparents",
        _change(nodes, "read_request", _read_without_grandparent),
        "law: the parents",
    ),
    LinkingMutant(
        "no summaries",
        _change(choosing, "_summarised", lambda known, node: None),
        "law: the parents",
    ),
    LinkingMutant(
        "a sub-task that is begun again as another one",
        _change(placing, "_begin_task", _begin_task_anew),
        "law: the branches",
    ),
    LinkingMutant(
        "sub-tasks of one number",
        _change(placing, "number_of", lambda branch_id: 0),
        "law: the branches",
    ),
    LinkingMutant(
        "continuations on one branch",
        _change(placing, "_siblings", lambda known, node, parent: []),
        "law: the branches",
    ),
    LinkingMutant(
        "continuations of repetitions on one branch",
        _change(forest.Forest, "repetitions", lambda self, node: [node]),
        "law: the branches",
    ),
    LinkingMutant(
        "a repetition on a branch of its own",
        _change(placing, "_says_same", lambda one, other: False),
        "law: the branches",
    ),
    LinkingMutant(
        "nobody waits",
        _change(forest.Forest, "waiting", lambda self, node: []),
        _PLACES,
    ),
    LinkingMutant(
        "disorder",
        _change(settling, "order_conversations", lambda nodes: []),
        _PLACES,
    ),
    LinkingMutant(
        "a main line that becomes a sub-task",
        _change(placing, "_continue", _continue_as_subtask),
        "law: only sub-tasks",
    ),
    LinkingMutant(
        "names of local time",
        _change(placing, "free_name", _local_name),
        "law: the names",
    ),
    LinkingMutant(
        "trains that are mixed up",
        _mix_trains,
        "law: the parents|law: trains",
        in_database=True,
    ),
    LinkingMutant(
        "responses that are not looked at",
        _change_query(("WHEN relative.is_contested THEN", "WHEN FALSE THEN")),
        "law: the parents",
        in_database=True,
    ),
    LinkingMutant(
        "what is beside overlooked",
        _change_query(("question.about = 'beside'", "FALSE")),
        _PLACES,
        in_database=True,
    ),
    LinkingMutant(
        "what comes after overlooked",
        _change_query(("question.about = 'after'", "FALSE")),
        _PLACES,
        in_database=True,
        is_late=True,
    ),
    LinkingMutant(
        "times as the clocks of the session tell them",
        _change(loading, "node_of", _node_of_local_time),
        _PLACES,
        in_database=True,
        is_late=True,
    ),
    LinkingMutant(
        "names that are not looked up",
        _change(loading, "needs_branches", lambda known, node, origin: None),
        "law: the branches",
        in_database=True,
    ),
)
