# twin: test_operations_requests_sync.py
"""Requests that run once, however often they arrive."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection, IsolationLevel, Rollback, errors

from datalayer.domains.errors import InvalidArgument, NaiveTime
from datalayer.domains.operations.aio import (
    Done,
    InFlight,
    Started,
    abandon_request,
    begin_request,
    finish_request,
    get_request,
    release_request,
)
from datalayer.domains.operations.errors import (
    AttemptAbandoned,
    FingerprintMismatch,
    KeyContended,
)
from datalayer.queries.aio.operations.idempotency import get_idempotency
from datalayer.runtime import JsonValue

pytestmark = pytest.mark.postgres

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REPEATABLE_READ = IsolationLevel.REPEATABLE_READ


async def connect(url: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(url, autocommit=True)


async def start(
    connection: AsyncConnection[Any],
    key: str = "k",
    *,
    fingerprint: str | None = None,
    expires_after: timedelta | None = None,
    now: datetime | None = None,
) -> Started:
    """Begin a request that nobody has begun."""
    begun = await begin_request(
        connection,
        key=key,
        fingerprint=fingerprint,
        expires_after=expires_after,
        now=now,
    )
    assert isinstance(begun, Started)
    return begun


async def roll_back() -> None:
    raise Rollback


async def test_the_first_runs_and_the_second_sees_it(database_url: str) -> None:
    async with await connect(database_url) as connection:
        none = await get_request(connection, key="k")
        begun = await start(connection)
        second = await begin_request(connection, key="k")
        looked = await get_request(connection, key="k")
        done = await finish_request(
            connection, key="k", begun_at=begun.begun_at, value={"id": 7}
        )
        third = await begin_request(connection, key="k")
        looked_again = await get_request(connection, key="k")

    assert none is None
    assert begun.key == "k"
    assert second == looked == InFlight(begun.begun_at)
    assert done == third == looked_again == Done({"id": 7})


async def test_keys_have_nothing_to_do_with_each_other(database_url: str) -> None:
    async with await connect(database_url) as connection:
        one = await start(connection, "one")
        await start(connection, "two")
        await finish_request(connection, key="one", begun_at=one.begun_at, value=1)
        two = await get_request(connection, key="two")

    assert isinstance(two, InFlight)


async def test_an_empty_answer_is_an_answer(database_url: str) -> None:
    values: list[JsonValue] = [None, 0, False, "", [], {}, {"a": None}]
    async with await connect(database_url) as connection:
        for number, value in enumerate(values):
            key = f"k{number}"
            begun = await start(connection, key)
            await finish_request(
                connection, key=key, begun_at=begun.begun_at, value=value
            )
            again = await begin_request(connection, key=key)
            found = await get_request(connection, key=key)

            assert again == found == Done(value)


async def test_another_request_under_a_key_is_refused(database_url: str) -> None:
    async with await connect(database_url) as connection:
        begun = await start(connection, fingerprint="one")
        with pytest.raises(FingerprintMismatch) as in_flight:
            await begin_request(connection, key="k", fingerprint="two")
        await finish_request(connection, key="k", begun_at=begun.begun_at, value=1)
        with pytest.raises(FingerprintMismatch):
            await begin_request(connection, key="k", fingerprint="two")
        same = await begin_request(connection, key="k", fingerprint="one")
        unknown = await begin_request(connection, key="k")

    assert in_flight.value.key == "k"
    assert same == unknown == Done(1)


async def test_without_a_fingerprint_every_request_is_the_same(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        begun = await start(connection)
        second = await begin_request(connection, key="k", fingerprint="one")

    assert second == InFlight(begun.begun_at)


async def test_an_attempt_ends_once(database_url: str) -> None:
    async with await connect(database_url) as connection:
        begun = await start(connection)
        await finish_request(connection, key="k", begun_at=begun.begun_at, value=1)

        with pytest.raises(AttemptAbandoned) as caught:
            await finish_request(connection, key="k", begun_at=begun.begun_at, value=2)

        found = await get_request(connection, key="k")
    assert (caught.value.key, caught.value.begun_at) == ("k", begun.begun_at)
    assert found == Done(1)


async def test_a_request_that_nobody_began_cannot_end(database_url: str) -> None:
    async with await connect(database_url) as connection:
        with pytest.raises(AttemptAbandoned):
            await finish_request(connection, key="k", begun_at=MOMENT, value=1)
        found = await get_request(connection, key="k")

    assert found is None


async def test_an_abandoned_attempt_cannot_end(database_url: str) -> None:
    async with await connect(database_url) as connection:
        old = await start(connection)
        abandoned = await abandon_request(connection, key="k", max_age=timedelta(0))
        with pytest.raises(AttemptAbandoned):
            await finish_request(connection, key="k", begun_at=old.begun_at, value=1)
        new = await start(connection)
        with pytest.raises(AttemptAbandoned):
            await finish_request(connection, key="k", begun_at=old.begun_at, value=2)
        in_flight = await get_request(connection, key="k")
        await finish_request(connection, key="k", begun_at=new.begun_at, value=3)
        done = await get_request(connection, key="k")

    assert abandoned
    assert in_flight == InFlight(new.begun_at)
    assert done == Done(3)


async def test_a_released_request_may_run_again(database_url: str) -> None:
    async with await connect(database_url) as connection:
        old = await start(connection, fingerprint="one")
        released = await release_request(connection, key="k", begun_at=old.begun_at)
        new = await start(connection, fingerprint="two")
        late = await release_request(connection, key="k", begun_at=old.begun_at)
        in_flight = await get_request(connection, key="k")
        await finish_request(connection, key="k", begun_at=new.begun_at, value=1)
        over = await release_request(connection, key="k", begun_at=new.begun_at)
        done = await get_request(connection, key="k")

    assert (released, late, over) == (True, False, False)
    assert in_flight == InFlight(new.begun_at)
    assert done == Done(1)


async def test_only_what_is_old_enough_is_abandoned(database_url: str) -> None:
    async with await connect(database_url) as connection:
        await start(connection, now=MOMENT)
        early = await abandon_request(
            connection,
            key="k",
            max_age=MINUTE,
            now=MOMENT + MINUTE - timedelta(microseconds=1),
        )
        in_time = await abandon_request(
            connection, key="k", max_age=MINUTE, now=MOMENT + MINUTE
        )
        again = await abandon_request(
            connection, key="k", max_age=MINUTE, now=MOMENT + MINUTE
        )

    assert (early, in_time, again) == (False, True, False)


async def test_what_is_done_is_never_abandoned(database_url: str) -> None:
    late = MOMENT + timedelta(days=365)
    async with await connect(database_url) as connection:
        begun = await start(connection, now=MOMENT)
        await finish_request(
            connection, key="k", begun_at=begun.begun_at, value=1, now=MOMENT
        )
        abandoned = await abandon_request(
            connection, key="k", max_age=timedelta(0), now=late
        )
        again = await begin_request(connection, key="k", expires_after=MINUTE, now=late)

    assert not abandoned
    assert again == Done(1)


async def test_an_attempt_that_expired_makes_way(database_url: str) -> None:
    async with await connect(database_url) as connection:
        old = await start(connection, fingerprint="one", now=MOMENT)
        young = await begin_request(
            connection,
            key="k",
            expires_after=MINUTE,
            now=MOMENT + MINUTE - timedelta(microseconds=1),
        )
        new = await start(
            connection,
            fingerprint="two",
            expires_after=MINUTE,
            now=MOMENT + MINUTE,
        )
        with pytest.raises(AttemptAbandoned):
            await finish_request(connection, key="k", begun_at=old.begun_at, value=1)
        entry = await get_idempotency(connection, key="k")

    assert young == InFlight(MOMENT)
    assert new.begun_at == MOMENT + MINUTE
    assert entry is not None
    assert (entry.fingerprint, entry.state) == ("two", "in_flight")


async def test_a_finished_request_says_when(database_url: str) -> None:
    async with await connect(database_url) as connection:
        begun = await start(connection, now=MOMENT)
        await finish_request(
            connection,
            key="k",
            begun_at=begun.begun_at,
            value=1,
            now=MOMENT + MINUTE,
        )
        entry = await get_idempotency(connection, key="k")

    assert entry is not None
    assert entry.saved_at == MOMENT + MINUTE


async def test_beginning_commits_at_once_without_a_transaction(
    database_url: str,
) -> None:
    """Also on a connection that commits nothing by itself."""
    async with (
        await AsyncConnection.connect(database_url) as one,
        await connect(database_url) as two,
    ):
        begun = await start(one)
        seen = await begin_request(two, key="k")
        await finish_request(one, key="k", begun_at=begun.begun_at, value=1)
        done = await begin_request(two, key="k")

    assert seen == InFlight(begun.begun_at)
    assert done == Done(1)


async def test_a_begin_in_a_transaction_goes_with_it(database_url: str) -> None:
    async with await connect(database_url) as connection:
        async with connection.transaction():
            begun = await start(connection)
            inside = await begin_request(connection, key="k")
            await finish_request(connection, key="k", begun_at=begun.begun_at, value=1)
            await roll_back()
        after = await get_request(connection, key="k")

    assert inside == InFlight(begun.begun_at)
    assert after is None


async def test_a_snapshot_that_misses_the_first_gets_a_clear_error(
    database_url: str,
) -> None:
    async with (
        await connect(database_url) as one,
        await connect(database_url) as two,
    ):
        await two.set_isolation_level(REPEATABLE_READ)
        async with two.transaction(force_rollback=True):
            before = await get_request(two, key="k")
            await start(one)
            with pytest.raises(errors.SerializationFailure):
                await begin_request(two, key="k")
        again = await begin_request(two, key="k")

    assert before is None
    assert isinstance(again, InFlight)


async def test_a_snapshot_that_has_the_first_sees_it(database_url: str) -> None:
    async with (
        await connect(database_url) as one,
        await connect(database_url) as two,
    ):
        begun = await start(one)
        await two.set_isolation_level(REPEATABLE_READ)
        async with two.transaction():
            seen = await begin_request(two, key="k")
            await finish_request(one, key="k", begun_at=begun.begun_at, value=1)
            with pytest.raises(errors.SerializationFailure):
                await begin_request(two, key="k")
            still = await get_request(two, key="k")

    assert seen == still == InFlight(begun.begun_at)


async def test_a_snapshot_of_an_abandoned_attempt_lets_its_owner_run(
    database_url: str,
) -> None:
    async with (
        await connect(database_url) as one,
        await connect(database_url) as two,
    ):
        await start(one)
        await two.set_isolation_level(REPEATABLE_READ)
        async with two.transaction():
            await get_request(two, key="k")
            await abandon_request(one, key="k", max_age=timedelta(0))
            begun = await start(two)
        found = await get_request(one, key="k")

    assert found == InFlight(begun.begun_at)


async def test_a_key_that_never_stays_is_an_error(database_url: str) -> None:
    async with await connect(database_url) as connection:
        await connection.execute(
            "CREATE FUNCTION vanish() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NULL; END'"
        )
        await connection.execute(
            "CREATE TRIGGER vanish BEFORE INSERT ON assistly_idempotency"
            " FOR EACH ROW EXECUTE FUNCTION vanish()"
        )

        with pytest.raises(KeyContended) as caught:
            await begin_request(connection, key="k", expires_after=MINUTE)

    assert caught.value.key == "k"


async def test_requests_with_arguments_out_of_bounds_are_refused(
    database_url: str,
) -> None:
    naive = MOMENT.replace(tzinfo=None)
    zero = timedelta(0)
    async with await connect(database_url) as connection:
        with pytest.raises(InvalidArgument):
            await begin_request(connection, key="k", expires_after=zero)
        with pytest.raises(InvalidArgument):
            await begin_request(connection, key="k\0")
        with pytest.raises(InvalidArgument):
            await begin_request(connection, key="k", fingerprint="\ud800")
        with pytest.raises(InvalidArgument):
            await abandon_request(connection, key="k", max_age=-MINUTE)
        with pytest.raises(NaiveTime):
            await begin_request(connection, key="k", now=naive)
        with pytest.raises(NaiveTime):
            await abandon_request(connection, key="k", max_age=zero, now=naive)
        with pytest.raises(NaiveTime):
            await finish_request(connection, key="k", begun_at=naive, value=1)
        found = await get_request(connection, key="k")

    assert found is None
