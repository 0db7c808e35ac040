"""Days of automation as they could have been, for whatever shows them.

History is written by the triggers where a test looks at single rows, and directly by
the owner of the tables where it needs many.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

#: By action: executions in a quiet hour, and which part of them fails.
_ACTIONS = (
    ("mail.send", 40.0, 0.01),
    ("invoice.render", 22.0, 0.03),
    ("crm.sync_contacts", 14.0, 0.06),
    ("warehouse.load_orders", 9.0, 0.02),
    ("report.build_nightly", 4.0, 0.10),
    ("backup.verify", 2.0, 0.00),
)

# Busy by day and quiet by night, a bad afternoon now and then, the same every time.
_HISTORY = """
WITH runs AS (
    SELECT
        :first_id + row_number() OVER (ORDER BY hours.hour, actions.ref, number) AS id,
        actions.ref,
        hours.hour + random() * interval '1 hour' AS began,
        random() AS luck,
        random() AS pace,
        actions.failing * CASE
            WHEN extract(DAY FROM hours.hour)::int % 3 = 0
                AND extract(HOUR FROM hours.hour) BETWEEN 13 AND 15 THEN 5 ELSE 1
        END AS failing
    FROM generate_series(
        date_trunc('hour', now()) - make_interval(hours => :hours),
        now(),
        interval '1 hour'
    ) AS hours (hour)
    CROSS JOIN unnest(:refs::text[], :weights::float8[], :failing::float8[])
        AS actions (ref, weight, failing)
    CROSS JOIN LATERAL generate_series(
        1,
        ceil(
            actions.weight * (0.8 + 0.4 * random()) * :factor
            * (1 + 0.75 * sin(2 * pi() * (extract(HOUR FROM hours.hour) - 8) / 24))
        )::int
    ) AS number
),
steps AS (
    SELECT
        runs.*,
        step.number AS step,
        step.old_status,
        CASE
            WHEN step.number < 4 THEN step.new_status
            WHEN runs.luck < runs.failing THEN 'failed'
            WHEN runs.luck < runs.failing * 1.4 THEN 'timeout'
            WHEN runs.luck < runs.failing * 1.4 + 0.02 THEN 'cancelled'
            WHEN runs.luck < runs.failing * 1.4 + 0.025 THEN 'abandoned'
            ELSE 'completed'
        END AS new_status
    FROM runs
    CROSS JOIN (
        VALUES
        (0, NULL, 'requested'),
        (1, 'requested', 'scheduling'),
        (2, 'scheduling', 'scheduled'),
        (3, 'scheduled', 'running'),
        (4, 'running', NULL)
    ) AS step (number, old_status, new_status)
),
timed AS (
    SELECT
        steps.*,
        steps.began + make_interval(
            secs => steps.step * (0.4 + steps.pace)
            + CASE WHEN steps.step = 4 THEN 240 * steps.pace * steps.pace ELSE 0 END
        ) AS time
    FROM steps
)
INSERT INTO execution_history (
    time, operation, entity_id, entity_ref, changed_fields, old_values, new_values
)
SELECT
    time,
    CASE WHEN step = 0 THEN 'INSERT' ELSE 'UPDATE' END,
    id,
    ref,
    CASE WHEN step = 0 THEN '{}' ELSE '{status}'::text[] END,
    CASE WHEN step > 0 THEN jsonb_build_object('status', old_status) END,
    CASE
        WHEN step > 0 THEN jsonb_build_object('status', new_status)
        ELSE jsonb_build_object(
            'status', 'requested', 'executor', NULL, 'started_at', NULL,
            'action_ref', ref, 'parent', NULL, 'enforcement', NULL
        )
    END
FROM timed
WHERE time < now()
ORDER BY time
"""

_EVENTS = """
INSERT INTO event (trigger_ref, created)
SELECT 'webhook.received', hour + random() * interval '1 hour'
FROM generate_series(
    date_trunc('hour', now()) - make_interval(hours => :hours),
    now() - interval '1 hour',
    interval '1 hour'
) AS hour
CROSS JOIN LATERAL generate_series(
    1,
    ceil(
        120 * :factor * (0.8 + 0.4 * random())
        * (1 + 0.7 * sin(2 * pi() * (extract(HOUR FROM hour) - 8) / 24))
    )::int
)
"""

_ENFORCEMENTS = """
INSERT INTO enforcement (rule_ref, trigger_ref, payload, created)
SELECT 'on_webhook', trigger_ref, '{}', created + interval '40 milliseconds'
FROM event WHERE random() < 0.7
"""


def seed_history(
    connection: psycopg.Connection,
    *,
    hours: int = 48,
    factor: float = 0.3,
    first_id: int = 1_000_000,
) -> None:
    """Write hours of executions, events and enforcements that end now."""
    connection.execute("SELECT setseed(0.42)")
    values = {
        "hours": hours,
        "factor": factor,
        "first_id": first_id,
        "refs": [ref for ref, _, _ in _ACTIONS],
        "weights": [weight for _, weight, _ in _ACTIONS],
        "failing": [failing for _, _, failing in _ACTIONS],
    }
    for statement in (_HISTORY, _EVENTS, _ENFORCEMENTS):
        connection.execute(_bound(statement, values))
    connection.commit()


def _bound(statement: str, values: dict[str, object]) -> sql.Composed:
    """Return a statement with its values written into it: `%` and `::` stay as is."""
    parts: list[sql.Composable] = []
    rest = statement
    while True:
        places = [(rest.find(f":{name}"), name) for name in values]
        found = sorted(
            (at, -len(name), name)
            for at, name in places
            if at >= 0 and rest[at - 1] != ":"
        )
        if not found:
            return sql.Composed([*parts, sql.SQL(rest)])
        at, _, name = found[0]
        parts += [sql.SQL(rest[:at]), sql.Literal(values[name])]
        rest = rest[at + 1 + len(name) :]


def seed_workers(connection: psycopg.Connection) -> None:
    """Register workers in every state, by the triggers."""
    workers = (
        ("eu-west-1a", "container", "action", "active", 4),
        ("eu-west-1b", "container", "action", "busy", 11),
        ("eu-west-2", "remote", "hybrid", "active", 2),
        ("office-sensor", "local", "sensor", "active", 4000),
        ("old-rack", "remote", "action", "inactive", 90000),
        ("us-east-1", "container", "action", "error", 75),
    )
    for name, kind, role, status, age in workers:
        connection.execute(
            "INSERT INTO worker (name, worker_type, worker_role, host, port) "
            "VALUES (%s, %s, %s, %s, 7420)",
            (name, kind, role, f"{name}.internal"),
        )
        connection.execute(
            "UPDATE worker SET status = %s, "
            "last_heartbeat = now() - make_interval(secs => %s) WHERE name = %s",
            (status, age, name),
        )
    connection.commit()


def seed_executions(connection: psycopg.Connection, *, count: int = 20) -> list[int]:
    """Let executions live by the triggers; return their numbers."""
    numbers = []
    for number in range(count):
        row = connection.execute(
            "INSERT INTO execution (action_ref) VALUES (%s) RETURNING id",
            (_ACTIONS[number % len(_ACTIONS)][0],),
        ).fetchone()
        assert row is not None
        for status in ("scheduling", "scheduled", "running", "completed"):
            connection.execute(
                "UPDATE execution SET status = %s WHERE id = %s", (status, row[0])
            )
        numbers.append(row[0])
    connection.commit()
    return numbers


def seed_story(connection: psycopg.Connection, *, ref: str = "invoice.render") -> int:
    """Write one execution with a long and varied past; return its number."""
    with connection.transaction():
        connection.execute(
            "ALTER TABLE execution DISABLE TRIGGER execution_history_trigger"
        )
        row = connection.execute(
            "INSERT INTO execution (action_ref, status, executor, started_at, result, "
            "retry_count, max_retries, created) VALUES (%s, 'failed', "
            "(SELECT min(id) FROM worker), now() - interval '52 minutes', "
            """'{"error": "rendering was killed"}', 1, 3, """
            "now() - interval '1 hour') RETURNING id, created",
            (ref,),
        ).fetchone()
        connection.execute(
            "ALTER TABLE execution ENABLE ALWAYS TRIGGER execution_history_trigger"
        )
        assert row is not None
        _write_story(connection, row[0], row[1], ref)
    return int(row[0])


def _write_story(
    connection: psycopg.Connection, number: int, began: datetime, ref: str
) -> None:
    first: dict[str, object] = {
        "status": "requested", "executor": None, "started_at": None,
        "action_ref": ref, "parent": None, "enforcement": 4711,
    }  # fmt: skip
    changes: list[tuple[float, dict[str, tuple[object, object]]]] = [
        (1.2, {"status": ("requested", "scheduling")}),
        (14, {"executor": (None, 1), "status": ("scheduling", "scheduled")}),
        (
            480,
            {
                "status": ("scheduled", "running"),
                "started_at": (None, (began + timedelta(minutes=8)).isoformat()),
            },
        ),
        (480, {"env_vars": (None, {"LOCALE": "de_DE", "TEMPLATE": "invoice-2026"})}),
        (900, {"workflow_task": (_task(3, "render"), _task(4, "upload"))}),
        (
            1500,
            {
                "env_vars": (
                    {"LOCALE": "de_DE", "TEMPLATE": "invoice-2026"},
                    {
                        "LOCALE": "de_DE",
                        "TEMPLATE": "invoice-2026",
                        "NOTE": "a long remark, as people write them: " * 12,
                        "TITLE": "<script>alert('no')</script> فاتورة",
                    },
                )
            },
        ),
        (
            2900,
            {
                "status": ("running", "failed"),
                "result": (
                    None,
                    {"digest": "md5:9f1c2d7be0a34c55", "size": 48213, "type": "object"},
                ),
            },
        ),
    ]
    _write_change(connection, number, ref, began, "INSERT", {}, first)
    for seconds, fields in changes:
        _write_change(
            connection,
            number,
            ref,
            began + timedelta(seconds=seconds),
            "UPDATE",
            {name: old for name, (old, _) in fields.items()},
            {name: new for name, (_, new) in fields.items()},
        )


def _task(step: int, name: str) -> dict[str, object]:
    return {
        "step": step,
        "name": name,
        "inputs": {"pages": list(range(step)), "retries": {"left": 5 - step}},
        "skipped": None,
    }


def _write_change(
    connection: psycopg.Connection,
    number: int,
    ref: str,
    time: datetime,
    operation: str,
    old: dict[str, object],
    new: dict[str, object],
) -> None:
    connection.execute(
        "INSERT INTO execution_history (time, operation, entity_id, entity_ref, "
        "changed_fields, old_values, new_values) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            time,
            operation,
            number,
            ref,
            list(old),
            json.dumps(old) if old else None,
            json.dumps(new),
        ),
    )
