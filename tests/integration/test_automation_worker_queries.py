"""The queries of workers, in both profiles."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.errors import CheckViolation, UniqueViolation

from datalayer.queries.automation import worker
from datalayer.queries.enums import WorkerRole, WorkerStatus, WorkerType

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]


def register(session: Connection, name: str, **columns: Any) -> worker.Worker:  # noqa: ANN401
    registered = worker.register_worker(
        session,
        **{
            "name": name,
            "worker_type": WorkerType.LOCAL,
            "worker_role": WorkerRole.ACTION,
            **columns,
        },
    )
    assert registered is not None
    return registered


def test_a_worker_is_registered_again_under_its_name(session: Connection) -> None:
    first = register(session, "w", host="a", port=80, meta={"x": 1})
    worker.deregister_worker(session, worker_id=first.id)

    again = register(session, "w", worker_role=WorkerRole.SENSOR, capabilities=["c"])

    assert again.id == first.id
    assert (again.status, again.worker_role) == (WorkerStatus.ACTIVE, "sensor")
    assert (again.host, again.port, again.meta) == (None, None, None)
    assert again.capabilities == ["c"]
    assert worker.get_worker(session, worker_id=first.id) == again
    assert worker.get_worker_by_name(session, name="w") == again
    assert worker.get_worker_by_name(session, name="v") is None
    with pytest.raises(CheckViolation):
        register(session, "x", port=0)


def test_workers_are_listed_by_name(session: Connection) -> None:
    for name in ("c", "a", "b"):
        register(session, name)
    register(session, "d", worker_type=WorkerType.REMOTE, worker_role=WorkerRole.HYBRID)

    def names(**filters: Any) -> list[str]:  # noqa: ANN401
        return [row.name for row in worker.list_workers(session, **filters).items]

    first = worker.list_workers(session, row_limit=1)
    assert names() == ["a", "b", "c", "d"]
    assert names(cursor=first.next, row_limit=2) == ["b", "c"]
    assert names(worker_type=WorkerType.REMOTE) == ["d"]
    assert names(worker_role=WorkerRole.ACTION) == ["a", "b", "c"]
    assert names(status=WorkerStatus.BUSY) == []


def test_healthy_is_active_and_heard_of(session: Connection) -> None:
    for name in ("fresh", "old", "busy", "mute"):
        register(session, name)
    session.execute(
        """
        UPDATE worker SET last_heartbeat = CASE name
            WHEN 'old' THEN now() - interval '40 s' WHEN 'mute' THEN NULL
            ELSE last_heartbeat END,
            status = CASE name WHEN 'busy' THEN 'busy' ELSE status END
        """
    )

    def names(**filters: Any) -> list[str]:  # noqa: ANN401
        page = worker.list_healthy_workers(session, **filters)
        return [row.name for row in page.items]

    first = worker.list_healthy_workers(session, max_age_seconds=3600.0, row_limit=1)
    assert names() == ["fresh"]
    assert names(max_age_seconds=3600.0) == ["fresh", "old"]
    assert names(max_age_seconds=3600.0, cursor=first.next) == ["old"]
    assert names(worker_role=WorkerRole.SENSOR) == []


def test_a_heartbeat_makes_healthy_and_is_no_history(session: Connection) -> None:
    made = register(session, "w")
    session.execute("UPDATE worker SET last_heartbeat = NULL")

    heard = worker.update_worker_heartbeat(session, worker_id=made.id)

    assert heard is not None
    assert [row.id for row in worker.list_healthy_workers(session).items] == [made.id]
    assert worker.update_worker_heartbeat(session, worker_id=0) is None
    rows = session.execute("SELECT operation FROM worker_history").fetchall()
    assert rows == [("INSERT",)]


def test_a_worker_is_updated_field_by_field(session: Connection) -> None:
    made = register(session, "w", host="h", port=1, runtime=1, meta={})
    register(session, "other")

    changed = worker.update_worker(
        session,
        worker_id=made.id,
        status=WorkerStatus.DRAINING,
        host=None,
        capabilities={"gpu": 1},
    )

    assert changed is not None
    assert (changed.status, changed.host, changed.port) == ("draining", None, 1)
    assert (changed.capabilities, changed.meta) == ({"gpu": 1}, {})
    with pytest.raises(UniqueViolation):
        worker.update_worker(session, worker_id=made.id, name="other")
    assert worker.update_worker(session, worker_id=0, host=None) is None
    gone = worker.deregister_worker(session, worker_id=made.id)
    assert gone is not None
    assert (gone.status, gone.name) == (WorkerStatus.INACTIVE, "w")
    assert worker.deregister_worker(session, worker_id=0) is None
