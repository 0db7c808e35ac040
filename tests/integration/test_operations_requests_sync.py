# Derived by scripts/async_to_sync.py from test_operations_requests_aio.py; do not edit.
"""Requests that run once, and nonces that are used once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection, IsolationLevel, Rollback, errors

from datalayer.domains.artifacts.errors import InvalidDocument
from datalayer.domains.errors import InvalidArgument, NaiveTime
from datalayer.domains.operations import (
    Done,
    InFlight,
    Started,
    abandon_request,
    begin_request,
    fingerprint_of,
    finish_request,
    get_request,
    prune_nonces,
    register_nonce,
    release_request,
    use_nonce,
)
from datalayer.domains.operations.errors import (
    AttemptAbandoned,
    FingerprintMismatch,
    KeyContended,
    NonceReplayed,
    TimestampOutOfRange,
)
from datalayer.queries.operations.idempotency import get_idempotency
from datalayer.queries.operations.nonce import get_clock_ms
from datalayer.queries.operations.nonce import prune_nonces as prune_some
from datalayer.runtime import JsonInput, JsonValue

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


# Requests


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


def test_a_fingerprint_is_that_of_the_value_not_of_its_text() -> None:
    one = fingerprint_of({"a": 1, "b": [1, None]})
    other = fingerprint_of({"b": (1, None), "a": 1})

    assert one == other
    # By `printf '{"a":1,"b":[1,null]}' | sha256sum`.
    assert one == "dbfeb78171a5f92517407428111cfc366735a568d313221715fa70b975154dd6"


def test_a_fingerprint_tells_values_apart() -> None:
    values: list[JsonInput] = [None, 0, 1, 1.0, True, "1", [], {}, [1], {"a": 1}]

    assert len({fingerprint_of(value) for value in values}) == len(values)
    with pytest.raises(InvalidDocument):
        fingerprint_of(float("nan"))


# Nonces


def test_a_nonce_is_registered_once(database_url: str) -> None:
    with connect(database_url) as connection:
        first = register_nonce(connection, nonce="n", timestamp_ms=1)
        second = register_nonce(connection, nonce="n", timestamp_ms=1)
        later = register_nonce(connection, nonce="n", timestamp_ms=2)
        other = register_nonce(connection, nonce="N", timestamp_ms=1)

    assert (first, second, later, other) == (True, False, False, True)


def test_a_nonce_of_a_transaction_that_failed_is_free(database_url: str) -> None:
    with connect(database_url) as connection:
        with connection.transaction():
            inside = register_nonce(connection, nonce="n", timestamp_ms=1)
            roll_back()
        after = register_nonce(connection, nonce="n", timestamp_ms=1)

    assert (inside, after) == (True, True)


def test_a_nonce_that_a_snapshot_misses_is_not_registered_again(
    database_url: str,
) -> None:
    with (
        connect(database_url) as one,
        connect(database_url) as two,
    ):
        two.set_isolation_level(REPEATABLE_READ)
        with two.transaction(force_rollback=True):
            get_clock_ms(two)
            register_nonce(one, nonce="n", timestamp_ms=1)
            with pytest.raises(errors.SerializationFailure):
                register_nonce(two, nonce="n", timestamp_ms=1)


def test_using_a_nonce_again_is_a_replay(database_url: str) -> None:
    with connect(database_url) as connection:
        clock = get_clock_ms(connection)
        use_nonce(connection, nonce="n", timestamp_ms=clock)

        with pytest.raises(NonceReplayed) as caught:
            use_nonce(connection, nonce="n", timestamp_ms=clock)

    assert caught.value.nonce == "n"


def test_a_message_within_five_minutes_is_accepted(database_url: str) -> None:
    with connect(database_url) as connection:
        for distance in (-300_000, -1, 0, 1, 300_000):
            use_nonce(
                connection,
                nonce=f"n{distance}",
                timestamp_ms=10**12 + distance,
                now_ms=10**12,
            )


def test_a_message_further_away_is_refused_and_its_nonce_not_used(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        for distance in (-(10**13), -300_001, 300_001, 10**13):
            with pytest.raises(TimestampOutOfRange) as caught:
                use_nonce(
                    connection,
                    nonce="n",
                    timestamp_ms=10**12 + distance,
                    now_ms=10**12,
                )

            assert caught.value.timestamp_ms == 10**12 + distance
            assert caught.value.clock_ms == 10**12
        is_first = register_nonce(connection, nonce="n", timestamp_ms=1)

    assert is_first


def test_the_clock_is_the_one_of_the_server(database_url: str) -> None:
    with connect(database_url) as connection:
        clock = get_clock_ms(connection)
        with pytest.raises(TimestampOutOfRange):
            use_nonce(
                connection, nonce="n", timestamp_ms=clock - 2000, tolerance=MINUTE / 60
            )
        row = (
            connection.execute("SELECT extract(epoch FROM clock_timestamp())")
        ).fetchone()

    assert row is not None
    assert row[0] * 1000 >= clock - 1


def test_nonces_with_arguments_out_of_bounds_are_refused(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        with pytest.raises(InvalidArgument):
            use_nonce(connection, nonce="n\0", timestamp_ms=1)
        with pytest.raises(InvalidArgument):
            use_nonce(connection, nonce="n", timestamp_ms=1, tolerance=timedelta(0))
        with pytest.raises(InvalidArgument):
            prune_nonces(connection, before_ms=1, batch_size=0)


def test_pruning_removes_what_is_older_and_nothing_else(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        for batch_size in (1, 2, 3, 1000):
            connection.execute("TRUNCATE assistly_nonces")
            for number in range(8):
                register_nonce(connection, nonce=f"n{number}", timestamp_ms=number)
            pruned = prune_nonces(connection, before_ms=6, batch_size=batch_size)
            again = prune_nonces(connection, before_ms=6, batch_size=batch_size)
            free = [
                register_nonce(connection, nonce=f"n{number}", timestamp_ms=0)
                for number in range(8)
            ]

            assert (pruned, again) == (6, 0)
            assert free == [True] * 6 + [False] * 2


def test_the_oldest_nonces_are_pruned_first(database_url: str) -> None:
    with connect(database_url) as connection:
        for number in (3, 1, 2, 4):
            register_nonce(connection, nonce=f"n{number}", timestamp_ms=number)
        pruned = prune_some(connection, before_ms=10, row_limit=2)
        rows = (
            connection.execute("SELECT timestamp_ms FROM assistly_nonces")
        ).fetchall()

    assert pruned == 2
    assert sorted(rows) == [(3,), (4,)]


def test_pruning_commits_each_batch(database_url: str) -> None:
    with (
        Connection.connect(database_url) as one,
        connect(database_url) as two,
    ):
        register_nonce(two, nonce="n", timestamp_ms=1)
        prune_nonces(one, before_ms=2)
        free = register_nonce(two, nonce="n", timestamp_ms=1)

    assert free
