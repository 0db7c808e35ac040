"""What the tables of tags and runs refuse, and which indexes serve the queries."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from artifacts_data import insert, insert_chain
from psycopg.errors import CheckViolation, ForeignKeyViolation

from datalayer.queries.artifacts.compaction import (
    FIND_COMPACTED_BASE,
    LIST_COMPACTION_CANDIDATES,
)
from datalayer.queries.artifacts.run import LIST_RUNS_BY_TAG
from datalayer.queries.artifacts.tag import LIST_TAG_MOVES

pytest_plugins = ["artifacts_fixtures"]
pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]


def refused(error: psycopg.Error, constraint: str) -> bool:
    return error.diag.constraint_name == constraint


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"username": ""}, CheckViolation),
        ({"username": "a/b"}, CheckViolation),
        ({"tag_name": ""}, CheckViolation),
        ({"tag_name": "x" * 201}, CheckViolation),
        ({"target_kind": "run_manifest"}, CheckViolation),
        ({"target_kind": "patch_set"}, CheckViolation),
        ({"target_id": uuid4()}, ForeignKeyViolation),
        ({"version": 0}, CheckViolation),
    ],
)
def test_a_tag_names_a_document(
    session: Connection, values: dict[str, object], error: type[psycopg.Error]
) -> None:
    target = insert(session)
    entry = insert(
        session,
        "tag_move",
        username="a",
        tag_name="t",
        to_kind="dag_version",
        to_id=target,
        action="create",
    )
    tag = {
        "username": "a",
        "tag_name": "x" * 200,
        "target_kind": "dag_version",
        "target_id": target,
        "position_id": entry,
    }

    with pytest.raises(error):
        insert(session, "tag", **{**tag, **values})
    insert(session, "tag", **tag)


def test_a_final_status_sets_the_time(session: Connection) -> None:
    run = {"base_kind": "tag", "base_ref": "a/t"}
    queued = insert(session, "run", **run)
    insert(session, "run", **run, status="COMPLETED")
    session.execute(
        "UPDATE run SET status = 'FAILED' WHERE run_id = %s AND status = 'QUEUED'",
        (queued,),
    )
    insert(session, "run", **run)

    found = session.execute(
        "SELECT status, completed_at IS NOT NULL FROM run ORDER BY status"
    ).fetchall()
    assert found == [("COMPLETED", True), ("FAILED", True), ("QUEUED", False)]


def test_a_run_names_a_base_that_exists(session: Connection) -> None:
    base, patch = insert_chain(session, 1)

    for kind, reference in [
        ("dag_version", patch),
        ("patch_set", base),
        ("patch_set", uuid4()),
        ("patch_set", "x"),
    ]:
        with pytest.raises(CheckViolation) as caught:
            insert(session, "run", base_kind=kind, base_ref=str(reference))
        assert refused(caught.value, "run_base_exists")


def test_a_run_follows_its_new_references(session: Connection) -> None:
    base, patch = insert_chain(session, 1)
    run = insert(session, "run", base_kind="dag_version", base_ref=str(base))

    session.execute(
        "UPDATE run SET base_kind = 'patch_set', base_ref = %s WHERE run_id = %s",
        (str(patch), run),
    )

    kept = session.execute("SELECT artifact_id FROM run_artifact").fetchall()
    assert kept == [(patch,)]


@pytest.mark.parametrize(
    ("query", "types", "index"),
    [
        (FIND_COMPACTED_BASE, "uuid", "idx_artifact_compacted_from"),
        (LIST_COMPACTION_CANDIDATES, "int, bigint", "idx_artifact_patch_depth"),
        (
            LIST_TAG_MOVES.given(
                dict.fromkeys(("username", "tag_name", "before_id", "row_limit"))
            )[0],
            "text, text, bigint, bigint",
            "idx_tag_move_tag",
        ),
        (
            LIST_RUNS_BY_TAG.given(
                dict.fromkeys(
                    ("username", "tag_name", "cursor_1", "cursor_2", "row_limit")
                )
            )[0],
            "text, text, timestamptz, uuid, bigint",
            "run_default_base_kind_base_ref",
        ),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_an_index_serves_the_query(
    session: Connection,
    query: Any,  # noqa: ANN401 (any generated query)
    types: str,
    index: str,
) -> None:
    insert_chain(session, 3)
    arguments = ", ".join(["NULL"] * len(types.split(",")))
    session.execute(f"PREPARE asked ({types}) AS {query.sql}".encode())
    # The tables are nearly empty; what matters is which index can be used at all.
    session.execute("SET enable_seqscan = off")
    session.execute("SET enable_sort = off")
    session.execute("SET plan_cache_mode = force_generic_plan")

    plan = session.execute(f"EXPLAIN EXECUTE asked ({arguments})".encode()).fetchall()

    text = "\n".join(row[0] for row in plan)
    assert index in text
    assert "Sort" not in text
