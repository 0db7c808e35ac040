"""Writers that never pause, and maintenance beside them: in the end all is counted."""

from __future__ import annotations

import random
import threading

import psycopg
import pytest
from psycopg import errors

from datalayer.domains.maintenance import maintain
from datalayer.domains.maintenance.errors import MaintenanceBlocked, MaintenanceBusy

_WRITERS = 3
_TRANSACTIONS = 60
_INSERT = """\
INSERT INTO event (trigger_ref, created)
SELECT 'ref' || n, now() - %s * interval '20 minutes'
FROM generate_series(1, 3) AS n"""
_DELETE = """\
DELETE FROM event
WHERE id = (SELECT id FROM event ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED)"""
_DIFFERENCE = """\
SELECT bucket, trigger_ref, event_count FROM event_volume_hourly
EXCEPT
SELECT datalayer_hour(created), trigger_ref, count(*) FROM event GROUP BY 1, 2
UNION ALL (
    SELECT datalayer_hour(created), trigger_ref, count(*) FROM event GROUP BY 1, 2
    EXCEPT
    SELECT bucket, trigger_ref, event_count FROM event_volume_hourly
)"""


def write(url: str, seed: int) -> None:
    chance = random.Random(seed)
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(_TRANSACTIONS):
            level = chance.choice(["READ COMMITTED", "REPEATABLE READ"])
            # A row that maintenance moved while it was looked for: not deleted then.
            try:
                with connection.transaction(force_rollback=chance.random() < 0.2):
                    connection.execute(
                        f"SET TRANSACTION ISOLATION LEVEL {level}".encode()
                    )
                    connection.execute(_INSERT, (chance.randrange(20),))
                    if chance.random() < 0.4:
                        connection.execute(_DELETE)
            except (errors.SerializationFailure, errors.DeadlockDetected):
                continue


def keep_maintaining(url: str, done: threading.Event) -> None:
    while not done.is_set():
        try:
            maintain(url, batch=2, attempts=1)
        except (MaintenanceBlocked, MaintenanceBusy):
            continue


@pytest.mark.postgres
def test_nothing_is_missed_and_nothing_counted_twice(database_url: str) -> None:
    done = threading.Event()
    writers = [
        threading.Thread(target=write, args=(database_url, seed))
        for seed in range(_WRITERS)
    ]
    maintainers = [
        threading.Thread(target=keep_maintaining, args=(database_url, done))
        for _ in range(2)
    ]
    for thread in (*maintainers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in maintainers:
        thread.join()

    maintain(database_url)

    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) > 100 FROM event").fetchone() == (
            True,
        )
        assert connection.execute(_DIFFERENCE).fetchall() == []
        waiting = connection.execute("SELECT count(*) FROM ONLY event_default")
        assert waiting.fetchone() == (0,)
