"""What must come out when two sessions use the artifacts domain at once.

Each race is forced, not hoped for: one session holds its transaction open until the
other is seen to wait for it, or acts at a point between two statements of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import pytest
from artifacts_data import TagName

from datalayer.domains import artifacts
from datalayer.domains.artifacts.errors import ArtifactNotFound, HeadMoved, TagConflict
from datalayer.queries.artifacts import garbage as garbage_queries
from datalayer.queries.artifacts import tag as tag_queries
from datalayer.queries.artifacts.patch_chain import get_patch_chain
from datalayer.runtime import JsonInput

Connection = psycopg.Connection[Any]
Result = TypeVar("Result")
MAIN: TagName = {"username": "ada", "tag_name": "main"}
NOW = timedelta(0)


@contextmanager
def held(holder: Connection) -> Iterator[Callable[..., Future[Any]]]:
    """Hold a transaction open; what is started inside runs until it waits for it."""
    with ThreadPoolExecutor(1) as threads:

        def start(
            session: Connection, call: Callable[..., Result], **arguments: object
        ) -> Future[Result]:
            future = threads.submit(call, session, **arguments)
            pid = session.info.backend_pid
            while not future.done():
                row = holder.execute("SELECT pg_blocking_pids(%s)", (pid,)).fetchone()
                if row is not None and holder.info.backend_pid in row[0]:
                    break
            return future

        with holder.transaction():
            yield start


def workflow(session: Connection, document: Any = None) -> UUID:  # noqa: ANN401 (JSON)
    created = artifacts.create_workflow(
        session, document={"n": []} if document is None else document, **MAIN
    )
    return created.artifact_id


def append(session: Connection, value: int, **arguments: Any) -> artifacts.Revision:  # noqa: ANN401
    operations: list[dict[str, JsonInput]] = [
        {"op": "add", "path": "/n/-", "value": value}
    ]
    return artifacts.create_patch(
        session, operations=operations, **{**MAIN, **arguments}
    )


def count(session: Connection, table: str) -> int:
    row = session.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def target(session: Connection) -> UUID:
    found = tag_queries.get_tag(session, **MAIN)
    assert found is not None
    return found.target_id


def exists(session: Connection, artifact_id: UUID) -> bool:
    found = session.execute(
        "SELECT FROM artifact WHERE artifact_id = %s", (artifact_id,)
    )
    return found.rowcount == 1


def one_of_two_appends_wins(one: Connection, two: Connection) -> None:
    workflow(one)
    with held(one) as start:
        winner = append(one, 1)
        loser = start(two, append, value=2)

    with pytest.raises(TagConflict):
        loser.result()
    assert target(one) == winner.artifact_id
    assert count(one, "artifact") == 2, "nothing is left behind"
    assert count(one, "patch_chain_member") == 1, "no half chain"
    assert count(one, "cas_blob") == 2, "not even the content"
    assert count(one, "tag_move") == 2, "no entry of the loser"


def an_append_follows_one_that_was_rolled_back(
    one: Connection, two: Connection
) -> None:
    workflow(one)
    with held(one) as start:
        append(one, 1)
        survivor = start(two, append, value=2)
        raise_rollback()

    assert target(one) == survivor.result().artifact_id
    assert artifacts.materialise(one, head_id=target(one)) == {"n": [2]}


def raise_rollback() -> None:
    raise psycopg.Rollback


def both_compactions_return_one_base(one: Connection, two: Connection) -> None:
    workflow(one)
    patch = append(one, 1).artifact_id
    with held(one) as start:
        first = artifacts.compact(one, patch_id=patch)
        second = start(two, artifacts.compact, patch_id=patch)

    assert second.result() == first
    assert count(one, "artifact WHERE compacted_from_id IS NOT NULL") == 1


def a_patch_during_compaction_is_kept(one: Connection, two: Connection) -> None:
    workflow(one)
    patch = append(one, 1).artifact_id
    base = artifacts.compact(one, patch_id=patch)
    with held(two) as start:
        append(two, 2)
        migration = start(
            one, artifacts.migrate_tag, new_base_id=base.artifact_id, **MAIN
        )

    with pytest.raises(TagConflict):
        migration.result()
    with pytest.raises(HeadMoved):
        artifacts.migrate_tag(one, new_base_id=base.artifact_id, **MAIN)
    artifacts.migrate_tag(one, new_base_id=base.artifact_id, rebase=True, **MAIN)
    assert artifacts.materialise(one, head_id=target(one)) == {"n": [1, 2]}
    assert len(get_patch_chain(one, head_id=target(one))) == 1


def an_append_during_migration_is_refused(one: Connection, two: Connection) -> None:
    workflow(one)
    patch = append(one, 1).artifact_id
    base = artifacts.compact(one, patch_id=patch)
    with held(one) as start:
        artifacts.migrate_tag(one, new_base_id=base.artifact_id, **MAIN)
        late = start(two, append, value=2)

    with pytest.raises(TagConflict):
        late.result()
    append(two, 2)
    assert artifacts.materialise(one, head_id=target(one)) == {"n": [1, 2]}


def garbage_that_a_tag_is_moving_to_stays(one: Connection, two: Connection) -> None:
    base = workflow(one)
    patch = append(one, 1).artifact_id
    artifacts.move_tag(one, target_id=base, expected_version=2, **MAIN)
    with two.transaction():
        artifacts.move_tag(two, target_id=patch, expected_version=3, **MAIN)
        report = artifacts.collect_garbage(one, older_than=NOW)

    assert report.artifacts == 0
    assert artifacts.materialise(one, head_id=target(one)) == {"n": [1]}


def a_tag_cannot_move_to_what_is_being_collected(
    one: Connection, two: Connection
) -> None:
    base = workflow(one)
    patch = append(one, 1).artifact_id
    artifacts.move_tag(one, target_id=base, expected_version=2, **MAIN)
    with held(one) as start:
        report = artifacts.collect_garbage(one, older_than=NOW)
        move = start(
            two, artifacts.move_tag, target_id=patch, expected_version=3, **MAIN
        )

    assert report.artifacts == 1
    with pytest.raises(ArtifactNotFound):
        move.result()
    assert target(one) == base


def content_that_is_used_again_stays(one: Connection, two: Connection) -> None:
    workflow(one)
    artifacts.delete_tag(one, **MAIN)
    with two.transaction():
        created = workflow(two)
        report = artifacts.collect_garbage(one, older_than=NOW)

    assert (report.artifacts, report.blobs) == (1, 0)
    assert artifacts.materialise(one, head_id=created) == {"n": []}


def garbage_is_looked_at_again_once_it_is_locked(
    one: Connection, two: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the lock a tag goes to the garbage and comes back."""
    base = workflow(one)
    patch = append(one, 1).artifact_id
    artifacts.move_tag(one, target_id=base, expected_version=2, **MAIN)
    for table in ("artifact", "cas_blob"):
        one.execute(f"UPDATE {table} SET created_at = created_at - interval '2d'")
    with one.transaction():
        one.execute("SET LOCAL session_replication_role = 'replica'")
        one.execute("UPDATE tag_move SET moved_at = moved_at - interval '2d'")

    lock = garbage_queries.lock_artifacts

    def visit_first(connection: Connection, *, artifact_ids: list[UUID]) -> Any:  # noqa: ANN401
        if artifact_ids == [patch]:
            artifacts.move_tag(two, target_id=patch, expected_version=3, **MAIN)
            artifacts.move_tag(two, target_id=base, expected_version=4, **MAIN)
        return lock(connection, artifact_ids=artifact_ids)

    with monkeypatch.context() as patched:
        patched.setattr(garbage_queries, "lock_artifacts", visit_first)
        artifacts.collect_garbage(one, older_than=timedelta(days=1))

    assert exists(one, patch), "the reflog reaches it again"
    artifacts.undo_tag(one, **MAIN)
    assert artifacts.materialise(one, head_id=target(one)) == {"n": [1]}
