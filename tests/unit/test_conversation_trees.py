"""Conversations as trees, whatever their requests say of each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from datalayer.cli.conversation_tree import heading, make_nodes
from datalayer.domains.conversations.texts import text_of_message
from datalayer.domains.conversations.trees import Branch, build_tree
from datalayer.queries.conversations.conversation_tree import TreeRequest
from datalayer.runtime import JsonValue

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
NOBODY = UUID(int=999)


def request(
    number: int,
    branch: str = "main",
    *,
    parent: int | None = None,
    task: int | None = None,
    **more: object,
) -> TreeRequest:
    members: dict[str, object] = {
        "request_id": UUID(int=number),
        "conversation_id": UUID(int=0),
        "timestamp": NOON + timedelta(seconds=number),
        "train_id": "red",
        "account_id": None,
        "branch_id": branch,
        "is_subtask": branch.startswith("subtask"),
        "parent_request_id": None if parent is None else UUID(int=parent),
        "parent_task_request_id": None if task is None else UUID(int=task),
        "model": "m",
        "message_count": 1,
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_creation_input_tokens": 1000,
        "cache_read_input_tokens": 100,
        "tool_call_count": 0,
        "duration_ms": 1500,
        "response_status": 200,
        "error": None,
        "first_words": f"words {number}",
        "last_message": None,
        "answer": None,
    }
    return TreeRequest(**(members | more))  # type: ignore[arg-type]  # by their names


def shape(branches: list[Branch]) -> list[object]:
    return [
        (
            branch.branch_id,
            [
                (step.request.request_id.int, shape(step.branches))
                for step in branch.steps
            ],
        )
        for branch in branches
    ]


def test_branches_and_subtasks_begin_behind_their_parents() -> None:
    requests = [
        request(1),
        request(2, "subtask_1", task=1),
        request(3, parent=1),
        request(4, "branch_a", parent=3),
        request(5, parent=3),
        request(6, "subtask_1", parent=2),
        request(7, "compact_b"),
    ]

    tree = build_tree(requests)

    assert shape(tree) == [
        (
            "main",
            [
                (1, [("subtask_1", [(2, []), (6, [])])]),
                (3, [("branch_a", [(4, [])])]),
                (5, []),
            ],
        ),
        ("compact_b", [(7, [])]),
    ]
    assert tree[0].steps[0].branches[0].is_subtask
    assert not tree[0].is_subtask


def test_parents_elsewhere_and_round_and_round_are_none() -> None:
    requests = [
        request(1, "a", parent=77),
        request(2, "b", parent=3),
        request(3, "c", parent=2),
        request(4, "d", parent=5),
        request(5, "d", parent=4),
        request(6, "e", parent=2),
    ]

    assert [branch.branch_id for branch in build_tree(requests)] == list("abcde")


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"),
            st.none() | st.integers(0, 12),
            st.none() | st.integers(0, 12),
        ),
        max_size=12,
    )
)
def test_each_request_is_in_the_tree_once(
    drawn: list[tuple[str, int | None, int | None]],
) -> None:
    requests = [
        request(number, branch, parent=parent, task=task)
        for number, (branch, parent, task) in enumerate(drawn)
    ]

    found: list[int] = []
    todo = build_tree(requests)
    while todo:
        branch = todo.pop()
        for step in branch.steps:
            found.append(step.request.request_id.int)
            todo += step.branches

    assert sorted(found) == list(range(len(requests)))


def test_deep_trees_need_no_recursion() -> None:
    requests = [request(0)]
    requests += [request(n, f"branch_{n}", parent=n - 1) for n in range(1, 1500)]

    (node,) = make_nodes(build_tree(requests), NOBODY)

    depth = 0
    while node.children:
        node, depth = node.children[0], depth + 1
    assert depth == 2 * 1500 - 1


def test_line_tells_time_model_tokens_duration_and_words() -> None:
    requests = [
        request(1),
        request(2, first_words="a\x1b[2J\n\n  b", model="m\nx", duration_ms=None),
        request(3, error="too\x07 busy", first_words=None),
        request(4, response_status=502, model=None),
        request(86400),
    ]

    (main,) = make_nodes(build_tree(requests), UUID(int=2))

    assert [node.label for node in main.children] == [
        "2026-05-04 12:00:01  m  1,110+5  1.5 s  words 1",
        "* 12:00:02  m\\nx  1,110+5  a\\x1b[2J b",
        "12:00:03  m  1,110+5  1.5 s  failed: too\\x07 busy",
        "12:00:04  no model  1,110+5  1.5 s  failed: 502  words 4",
        "2026-05-05 12:00:00  m  1,110+5  1.5 s  words 86400",
    ]


def test_heading_sums_up() -> None:
    requests = [request(1), request(2, "subtask_1", task=1), request(3, "branch_a")]

    assert heading(requests) == (
        "train red, 3 requests, 2 branches, 1 sub-task, 3,330 tokens in, 15 out, "
        "2026-05-04 12:00:01 to 2026-05-04 12:00:03 UTC"
    )


def test_texts_of_a_message_name_what_is_no_text() -> None:
    message: JsonValue = {
        "role": "user",
        "content": [
            "a",
            {"type": "text", "text": "b"},
            {"type": "thinking", "thinking": "c"},
            {"type": "tool_use", "name": "look", "input": {"at": "ü"}},
            {"type": "tool_result", "content": [{"type": "text", "text": "d"}]},
            {"type": "tool_result", "content": "e"},
            {"type": "image"},
            5,
        ],
    }

    assert text_of_message(message) == (
        'a\nb\n[thinking] c\n[look] {"at": "ü"}\n[result] d\n[result] e\n[image]'
    )
    assert text_of_message({"content": "x"}) == "x"
    assert text_of_message("x") == "x"
    assert text_of_message(None) == ""
