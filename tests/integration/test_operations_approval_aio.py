# twin: test_operations_approval_sync.py
"""Sessions that are there at once, and approvals that are decided once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from datalayer.domains.errors import InvalidArgument, NaiveTime
from datalayer.domains.operations.aio import (
    add_approval,
    decide_approval,
    find_approval,
    get_or_create_session,
    list_approvals,
    patch_approval,
    save_session,
)
from datalayer.domains.operations.errors import (
    ApprovalExists,
    ApprovalNotFound,
    PayloadNotObject,
)
from datalayer.queries.operations.approval import Approval
from datalayer.runtime import JsonInput

pytestmark = pytest.mark.postgres

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def connect(url: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(url, autocommit=True)


# Sessions


async def test_a_session_is_created_once(database_url: str) -> None:
    async with await connect(database_url) as connection:
        first = await get_or_create_session(
            connection, user_id="ada", initial={"step": 1}
        )
        second = await get_or_create_session(
            connection, user_id="ada", initial={"step": 2}
        )
        other = await get_or_create_session(connection, user_id="bob")

    assert (first.user_id, first.session) == ("ada", {"step": 1})
    assert second == first
    assert (other.user_id, other.session) == ("bob", {})


async def test_a_session_is_created_as_its_transaction_sees_it(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection, connection.transaction():
        first = await get_or_create_session(connection, user_id="ada")
        saved = await save_session(connection, user_id="ada", session=[1])
        found = await get_or_create_session(connection, user_id="ada")

    assert saved.updated_at > first.updated_at
    assert found == saved


async def test_saving_replaces_the_whole_session(database_url: str) -> None:
    async with await connect(database_url) as connection:
        created = await save_session(connection, user_id="ada", session={"a": 1})
        saved = await save_session(connection, user_id="ada", session={"b": 2})
        found = await get_or_create_session(connection, user_id="ada")

    assert created.session == {"a": 1}
    assert found == saved
    assert found.session == {"b": 2}
    assert saved.updated_at > created.updated_at


async def test_a_session_of_json_null_is_there(database_url: str) -> None:
    async with await connect(database_url) as connection:
        await save_session(connection, user_id="ada", session=None)
        found = await get_or_create_session(connection, user_id="ada")

    assert found.session is None


# Approvals


async def test_an_approval_is_pending_until_it_is_decided(database_url: str) -> None:
    async with await connect(database_url) as connection:
        added = await add_approval(connection, payload={"post": 1}, approval_id="a")
        decided = await decide_approval(
            connection, approval_id="a", status="approved", now=MOMENT
        )
        found = await find_approval(connection, approval_id="a")

    assert (added.id, added.status, added.decided_at) == ("a", "pending", None)
    assert decided == found
    assert found == Approval(
        id="a",
        status="approved",
        created_at=added.created_at,
        decided_at=MOMENT,
        payload={"post": 1},
    )


async def test_the_server_tells_when_it_was_asked_and_decided(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        added = await add_approval(connection, payload={})
        decided = await decide_approval(
            connection, approval_id=added.id, status="rejected"
        )

    assert decided is not None
    assert decided.status == "rejected"
    assert decided.decided_at is not None
    assert decided.decided_at > decided.created_at


async def test_an_approval_without_an_id_gets_a_new_one(database_url: str) -> None:
    async with await connect(database_url) as connection:
        first = await add_approval(connection, payload={})
        second = await add_approval(connection, payload={})

    assert UUID(first.id) != UUID(second.id)


async def test_an_approval_keeps_its_payload_and_its_decision_from_a_second_one(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        await add_approval(connection, payload={"post": 1}, approval_id="a")
        await decide_approval(connection, approval_id="a", status="approved")

        with pytest.raises(ApprovalExists) as caught:
            await add_approval(connection, payload={"post": 2}, approval_id="a")

        found = await find_approval(connection, approval_id="a")
    assert caught.value.approval_id == "a"
    assert (found.status, found.payload) == ("approved", {"post": 1})


async def test_a_decision_is_made_once(database_url: str) -> None:
    async with await connect(database_url) as connection:
        await add_approval(connection, payload={}, approval_id="a")
        first = await decide_approval(connection, approval_id="a", status="rejected")
        again = await decide_approval(connection, approval_id="a", status="rejected")
        other = await decide_approval(connection, approval_id="a", status="approved")
        found = await find_approval(connection, approval_id="a")

    assert (again, other) == (None, None)
    assert found == first


async def test_what_is_no_decision_is_refused(database_url: str) -> None:
    statuses: list[Any] = ["pending", "maybe", "", None]
    async with await connect(database_url) as connection:
        await add_approval(connection, payload={}, approval_id="a")
        for status in statuses:
            with pytest.raises(InvalidArgument) as caught:
                await decide_approval(connection, approval_id="a", status=status)

            assert caught.value.name == "status"
        found = await find_approval(connection, approval_id="a")

    assert found.status == "pending"


async def test_an_unknown_approval_is_not_found(database_url: str) -> None:
    async with await connect(database_url) as connection:
        with pytest.raises(ApprovalNotFound):
            await find_approval(connection, approval_id="a")
        with pytest.raises(ApprovalNotFound):
            await decide_approval(connection, approval_id="a", status="approved")
        with pytest.raises(ApprovalNotFound) as caught:
            await patch_approval(connection, approval_id="a", patch={})

    assert caught.value.approval_id == "a"


async def test_times_without_a_zone_are_refused(database_url: str) -> None:
    naive = MOMENT.replace(tzinfo=None)
    async with await connect(database_url) as connection:
        with pytest.raises(NaiveTime):
            await add_approval(connection, payload={}, now=naive)
        with pytest.raises(NaiveTime):
            await decide_approval(
                connection, approval_id="a", status="approved", now=naive
            )


# Patches


async def test_the_right_side_of_a_patch_wins(database_url: str) -> None:
    payload: JsonInput = {"kept": 1, "replaced": {"inner": 1}, "nulled": 2}
    async with await connect(database_url) as connection:
        added = await add_approval(connection, payload=payload, approval_id="a")
        patched = await patch_approval(
            connection,
            approval_id="a",
            patch={"replaced": {"other": 2}, "nulled": None, "new": []},
        )
        found = await find_approval(connection, approval_id="a")

    assert patched == found
    assert found.payload == {
        "kept": 1,
        "replaced": {"other": 2},
        "nulled": None,
        "new": [],
    }
    assert (found.status, found.created_at) == ("pending", added.created_at)


async def test_an_empty_patch_changes_nothing(database_url: str) -> None:
    async with await connect(database_url) as connection:
        added = await add_approval(connection, payload={"a": 1})
        patched = await patch_approval(connection, approval_id=added.id, patch={})

    assert patched == added


async def test_what_was_decided_can_be_patched(database_url: str) -> None:
    async with await connect(database_url) as connection:
        added = await add_approval(connection, payload={})
        await decide_approval(connection, approval_id=added.id, status="approved")
        patched = await patch_approval(
            connection, approval_id=added.id, patch={"by": "ada"}
        )

    assert (patched.status, patched.payload) == ("approved", {"by": "ada"})


_NOT_BOTH_OBJECTS: list[tuple[JsonInput, Any]] = [
    ([1], {"a": 1}),
    (None, {"a": 1}),
    ("text", {}),
    ({}, [1]),
    ({}, "text"),
    ({}, None),
]


async def test_only_objects_merge(database_url: str) -> None:
    async with await connect(database_url) as connection:
        for payload, patch in _NOT_BOTH_OBJECTS:
            added = await add_approval(connection, payload=payload)
            with pytest.raises(PayloadNotObject) as caught:
                await patch_approval(connection, approval_id=added.id, patch=patch)
            found = await find_approval(connection, approval_id=added.id)

            assert caught.value.approval_id == added.id
            assert found == added


# Pages


async def test_a_page_follows_the_one_before_until_the_end(database_url: str) -> None:
    """Two of each time, so that the id has to tell them apart."""
    async with await connect(database_url) as connection:
        for number in range(10):
            await add_approval(
                connection,
                payload={},
                approval_id=f"a{number}",
                now=MOMENT + number // 2 * MINUTE,
            )
        pages = [await list_approvals(connection, row_limit=3)]
        while pages[-1].next is not None:
            pages.append(
                await list_approvals(connection, row_limit=3, cursor=pages[-1].next)
            )

    found = [approval.id for page in pages for approval in page.items]
    assert found == [f"a{number}" for number in reversed(range(10))]
    assert [len(page.items) for page in pages] == [3, 3, 3, 1]


async def test_a_page_has_one_status_when_it_is_asked_for(database_url: str) -> None:
    async with await connect(database_url) as connection:
        for number in range(6):
            name = f"a{number}"
            await add_approval(connection, payload={}, approval_id=name, now=MOMENT)
        await decide_approval(connection, approval_id="a1", status="approved")
        await decide_approval(connection, approval_id="a4", status="rejected")
        pending = await list_approvals(connection, status="pending")
        newest = await list_approvals(connection, status="pending", row_limit=2)
        older = await list_approvals(connection, status="pending", cursor=newest.next)
        approved = await list_approvals(connection, status="approved")
        unknown = await list_approvals(connection, status="maybe")

    assert [each.id for each in pending.items] == ["a5", "a3", "a2", "a0"]
    assert [each.id for each in older.items] == ["a2", "a0"]
    assert [each.id for each in approved.items] == ["a1"]
    assert unknown.items == []
