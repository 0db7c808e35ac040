# Derived by scripts/async_to_sync.py from test_operations_requests_aio.py; do not edit.
"""Requests that run once, however often they arrive."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection, IsolationLevel, Rollback, errors

from datalayer.domains.errors import InvalidArgument, NaiveTime
from datalayer.domains.operations import (
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
from datalayer.queries.operations.idempotency import get_idempotency
from datalayer.runtime import JsonValue

pytestmark = pytest.mark.postgres

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REPEATABLE_READ = IsolationLevel.REPEATABLE_READ


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def start(
    connection: Connection[Any],
    key: str = "k",
    *,
    fingerprint: str | None = None,
    expires_after: timedelta | None = None,
    now: datetime | None = None,
) -> Started:
    """Begin a request that nobody has begun."""
    begun = begin_request(
        connection,
        key=key,
        fingerprint=fingerprint,
        expires_after=expires_after,
        now=now,
    )
    assert isinstance(begun, Started)
    return begun


def roll_back() -> None:
    raise Rollback


def test_the_first_runs_and_the_second_sees_it(database_url: str) -> None:
    with connect(database_url) as connection:
        none = get_request(connection, key="k")
        begun = start(connection)
        second = begin_request(connection, key="k")
        looked = get_request(connection, key="k")
        done = finish_request(
            connection, key="k", begun_at=begun.begun_at, value={"id": 7}
        )
        third = begin_request(connection, key="k")
        looked_again = get_request(connection, key="k")

    assert none is None
    assert begun.key == "k"
    assert second == looked == InFlight(begun.begun_at)
    assert done == third == looked_again == Done({"id": 7})


def test_keys_have_nothing_to_do_with_each_other(database_url: str) -> None:
    with connect(database_url) as connection:
        one = start(connection, "one")
        start(connection, "two")
        finish_request(connection, key="one", begun_at=one.begun_at, value=1)
        two = get_request(connection, key="two")

    assert isinstance(two, InFlight)


def test_an_empty_answer_is_an_answer(database_url: str) -> None:
    values: list[JsonValue] = [None, 0, False, "", [], {}, {"a": None}]
    with connect(database_url) as connection:
        for number, value in enumerate(values):
            key = f"k{number}"
            begun = start(connection, key)
            finish_request(connection, key=key, begun_at=begun.begun_at, value=value)
            again = begin_request(connection, key=key)
            found = get_request(connection, key=key)

            assert again == found == Done(value)


def test_another_request_under_a_key_is_refused(database_url: str) -> None:
    with connect(database_url) as connection:
        begun = start(connection, fingerprint="one")
        with pytest.raises(FingerprintMismatch) as in_flight:
            begin_request(connection, key="k", fingerprint="two")
        finish_request(connection, key="k", begun_at=begun.begun_at, value=1)
        with pytest.raises(FingerprintMismatch):
            begin_request(connection, key="k", fingerprint="two")
        same = begin_request(connection, key="k", fingerprint="one")
        unknown = begin_request(connection, key="k")

    assert in_flight.value.key == "k"
    assert same == unknown == Done(1)


def test_without_a_fingerprint_every_request_is_the_same(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        begun = start(connection)
        second = begin_request(connection, key="k", fingerprint="one")

    assert second == InFlight(begun.begun_at)


def test_an_attempt_ends_once(database_url: str) -> None:
    with connect(database_url) as connection:
        begun = start(connection)
        finish_request(connection, key="k", begun_at=begun.begun_at, value=1)

        with pytest.raises(AttemptAbandoned) as caught:
            finish_request(connection, key="k", begun_at=begun.begun_at, value=2)

        found = get_request(connection, key="k")
    assert (caught.value.key, caught.value.begun_at) == ("k", begun.begun_at)
    assert found == Done(1)


def test_a_request_that_nobody_began_cannot_end(database_url: str) -> None:
    with connect(database_url) as connection:
        with pytest.raises(AttemptAbandoned):
            finish_request(connection, key="k", begun_at=MOMENT, value=1)
        found = get_request(connection, key="k")

    assert found is None


def test_an_abandoned_attempt_cannot_end(database_url: str) -> None:
    with connect(database_url) as connection:
        old = start(connection)
        abandoned = abandon_request(connection, key="k", max_age=timedelta(0))
        with pytest.raises(AttemptAbandoned):
            finish_request(connection, key="k", begun_at=old.begun_at, value=1)
        new = start(connection)
        with pytest.raises(AttemptAbandoned):
            finish_request(connection, key="k", begun_at=old.begun_at, value=2)
        in_flight = get_request(connection, key="k")
        finish_request(connection, key="k", begun_at=new.begun_at, value=3)
        done = get_request(connection, key="k")

    assert abandoned
    assert in_flight == InFlight(new.begun_at)
    assert done == Done(3)


def test_a_released_request_may_run_again(database_url: str) -> None:
    with connect(database_url) as connection:
        old = start(connection, fingerprint="one")
        released = release_request(connection, key="k", begun_at=old.begun_at)
        new = start(connection, fingerprint="two")
        late = release_request(connection, key="k", begun_at=old.begun_at)
        in_flight = get_request(connection, key="k")
        finish_request(connection, key="k", begun_at=new.begun_at, value=1)
        over = release_request(connection, key="k", begun_at=new.begun_at)
        done = get_request(connection, key="k")

    assert (released, late, over) == (True, False, False)
    assert in_flight == InFlight(new.begun_at)
    assert done == Done(1)


def test_only_what_is_old_enough_is_abandoned(database_url: str) -> None:
    with connect(database_url) as connection:
        start(connection, now=MOMENT)
        early = abandon_request(
            connection,
            key="k",
            max_age=MINUTE,
            now=MOMENT + MINUTE - timedelta(microseconds=1),
        )
        in_time = abandon_request(
            connection, key="k", max_age=MINUTE, now=MOMENT + MINUTE
        )
        again = abandon_request(
            connection, key="k", max_age=MINUTE, now=MOMENT + MINUTE
        )

    assert (early, in_time, again) == (False, True, False)


def test_what_is_done_is_never_abandoned(database_url: str) -> None:
    late = MOMENT + timedelta(days=365)
    with connect(database_url) as connection:
        begun = start(connection, now=MOMENT)
        finish_request(
            connection, key="k", begun_at=begun.begun_at, value=1, now=MOMENT
        )
        abandoned = abandon_request(connection, key="k", max_age=timedelta(0), now=late)
        again = begin_request(connection, key="k", expires_after=MINUTE, now=late)

    assert not abandoned
    assert again == Done(1)


def test_an_attempt_that_expired_makes_way(database_url: str) -> None:
    with connect(database_url) as connection:
        old = start(connection, fingerprint="one", now=MOMENT)
        young = begin_request(
            connection,
            key="k",
            expires_after=MINUTE,
            now=MOMENT + MINUTE - timedelta(microseconds=1),
        )
        new = start(
            connection,
            fingerprint="two",
            expires_after=MINUTE,
            now=MOMENT + MINUTE,
        )
        with pytest.raises(AttemptAbandoned):
            finish_request(connection, key="k", begun_at=old.begun_at, value=1)
        entry = get_idempotency(connection, key="k")

    assert young == InFlight(MOMENT)
    assert new.begun_at == MOMENT + MINUTE
    assert entry is not None
    assert (entry.fingerprint, entry.state) == ("two", "in_flight")


def test_a_finished_request_says_when(database_url: str) -> None:
    with connect(database_url) as connection:
        begun = start(connection, now=MOMENT)
        finish_request(
            connection,
            key="k",
            begun_at=begun.begun_at,
            value=1,
            now=MOMENT + MINUTE,
        )
        entry = get_idempotency(connection, key="k")

    assert entry is not None
    assert entry.saved_at == MOMENT + MINUTE


def test_beginning_commits_at_once_without_a_transaction(
    database_url: str,
) -> None:
    """Also on a connection that commits nothing by itself."""
    with (
        Connection.connect(database_url) as one,
        connect(database_url) as two,
    ):
        begun = start(one)
        seen = begin_request(two, key="k")
        finish_request(one, key="k", begun_at=begun.begun_at, value=1)
        done = begin_request(two, key="k")

    assert seen == InFlight(begun.begun_at)
    assert done == Done(1)


def test_a_begin_in_a_transaction_goes_with_it(database_url: str) -> None:
    with connect(database_url) as connection:
        with connection.transaction():
            begun = start(connection)
            inside = begin_request(connection, key="k")
            finish_request(connection, key="k", begun_at=begun.begun_at, value=1)
            roll_back()
        after = get_request(connection, key="k")

    assert inside == InFlight(begun.begun_at)
    assert after is None


def test_a_snapshot_that_misses_the_first_gets_a_clear_error(
    database_url: str,
) -> None:
    with (
        connect(database_url) as one,
        connect(database_url) as two,
    ):
        two.set_isolation_level(REPEATABLE_READ)
        with two.transaction(force_rollback=True):
            before = get_request(two, key="k")
            start(one)
            with pytest.raises(errors.SerializationFailure):
                begin_request(two, key="k")
        again = begin_request(two, key="k")

    assert before is None
    assert isinstance(again, InFlight)


def test_a_snapshot_that_has_the_first_sees_it(database_url: str) -> None:
    with (
        connect(database_url) as one,
        connect(database_url) as two,
    ):
        begun = start(one)
        two.set_isolation_level(REPEATABLE_READ)
        with two.transaction():
            seen = begin_request(two, key="k")
            finish_request(one, key="k", begun_at=begun.begun_at, value=1)
            with pytest.raises(errors.SerializationFailure):
                begin_request(two, key="k")
            still = get_request(two, key="k")

    assert seen == still == InFlight(begun.begun_at)


def test_a_snapshot_of_an_abandoned_attempt_lets_its_owner_run(
    database_url: str,
) -> None:
    with (
        connect(database_url) as one,
        connect(database_url) as two,
    ):
        start(one)
        two.set_isolation_level(REPEATABLE_READ)
        with two.transaction():
            get_request(two, key="k")
            abandon_request(one, key="k", max_age=timedelta(0))
            begun = start(two)
        found = get_request(one, key="k")

    assert found == InFlight(begun.begun_at)


def test_a_key_that_never_stays_is_an_error(database_url: str) -> None:
    with connect(database_url) as connection:
        connection.execute(
            "CREATE FUNCTION vanish() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NULL; END'"
        )
        connection.execute(
            "CREATE TRIGGER vanish BEFORE INSERT ON assistly_idempotency"
            " FOR EACH ROW EXECUTE FUNCTION vanish()"
        )

        with pytest.raises(KeyContended) as caught:
            begin_request(connection, key="k", expires_after=MINUTE)

    assert caught.value.key == "k"


def test_requests_with_arguments_out_of_bounds_are_refused(
    database_url: str,
) -> None:
    naive = MOMENT.replace(tzinfo=None)
    zero = timedelta(0)
    with connect(database_url) as connection:
        with pytest.raises(InvalidArgument):
            begin_request(connection, key="k", expires_after=zero)
        with pytest.raises(InvalidArgument):
            begin_request(connection, key="k\0")
        with pytest.raises(InvalidArgument):
            begin_request(connection, key="k", fingerprint="\ud800")
        with pytest.raises(InvalidArgument):
            abandon_request(connection, key="k", max_age=-MINUTE)
        with pytest.raises(NaiveTime):
            begin_request(connection, key="k", now=naive)
        with pytest.raises(NaiveTime):
            abandon_request(connection, key="k", max_age=zero, now=naive)
        with pytest.raises(NaiveTime):
            finish_request(connection, key="k", begun_at=naive, value=1)
        found = get_request(connection, key="k")

    assert found is None
