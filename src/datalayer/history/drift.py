"""Whether the history of each row, folded, is the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.history.naming import quote_literal, quote_name
from datalayer.history.values import SETTINGS, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from datalayer.history.live import LiveHistory

_BATCH = 1000
_KEYS = """
SELECT DISTINCT {key}::text AS key_text, {key} AS key
FROM {table} AS live
WHERE %(after)s::text IS NULL OR {key} > %(after)s::text::{key_type}
ORDER BY key
LIMIT %(limit)s
"""
_SAMPLE = """
SELECT {key}::text AS key_text
FROM {table} AS live
ORDER BY random()
LIMIT %(limit)s
"""
# Fields are folded by seq from the last INSERT on; a field that is not in its row was
# NULL. Without an INSERT, only what was recorded since is known.
_COMPARE = """
WITH live AS (
    SELECT {key} AS key, jsonb_build_object() {pairs} AS fields
    FROM {table} AS live
    WHERE {key} = any(%(keys)s::text[]::{key_type}[])
),

row_of_history AS (
    SELECT
        entity_id,
        seq,
        operation,
        new_values,
        max(seq) FILTER (WHERE operation <> 'UPDATE')
            OVER (PARTITION BY entity_id) AS since
    FROM {history}
    WHERE entity_id = any(%(keys)s::text[]::{key_type}[])
),

state AS (
    SELECT
        entity_id,
        bool_or(operation = 'INSERT') AS is_whole,
        (array_agg(operation ORDER BY seq DESC))[1] = 'DELETE' AS is_deleted,
        count(*) AS rows
    FROM row_of_history
    WHERE seq >= coalesce(since, 0)
    GROUP BY entity_id
),

folded AS (
    SELECT row_of_history.entity_id, jsonb_object_agg(
        field.key, field.value ORDER BY row_of_history.seq
    ) AS fields
    FROM row_of_history
    CROSS JOIN LATERAL jsonb_each(row_of_history.new_values) AS field
    WHERE row_of_history.seq >= coalesce(row_of_history.since, 0)
    GROUP BY row_of_history.entity_id
)

SELECT
    live.key::text,
    state.rows IS NOT NULL AS has_history,
    coalesce(state.is_deleted, FALSE) AS is_deleted,
    ARRAY(
        SELECT field.key
        FROM jsonb_each(live.fields) AS field
        WHERE
            (state.is_whole OR folded.fields ? field.key)
            AND coalesce(folded.fields -> field.key, 'null')::text
            <> field.value::text
        ORDER BY field.key
    ) AS drifted
FROM live
LEFT JOIN state ON live.key = state.entity_id
LEFT JOIN folded ON live.key = folded.entity_id
ORDER BY live.key
"""
_PAIRS = 50
_ESTIMATE = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = %s"


@dataclass(frozen=True, slots=True)
class Drift:
    """A live row whose history says something else."""

    key: str
    is_deleted: bool
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What comparing the rows of one table came to."""

    compared: int
    without_history: int
    drifts: tuple[Drift, ...]


def find_drift(
    connection: Connection,
    history: LiveHistory,
    *,
    sample: int | None,
    report: Callable[[int, int], None],
) -> DriftReport:
    """Compare rows with their histories, in batches; `report` hears how far it is."""
    # As the function has it: what is compared depends on them.
    for name, setting in SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, FALSE)", (name, setting.value))
    parts = _parts(history)
    expected = sample or _estimate(connection, history)
    compared = without = 0
    drifts: list[Drift] = []
    for keys in _batches(connection, parts, sample):
        question = _COMPARE.format(**parts).encode()
        for row in connection.execute(question, {"keys": keys}).fetchall():
            key, has_history, is_deleted, fields = row
            compared += 1
            without += not has_history
            if fields or is_deleted:
                drifts.append(Drift(key, is_deleted, tuple(fields)))
        report(compared, max(expected, compared))
    return DriftReport(compared, without, tuple(drifts))


def _batches(
    connection: Connection, parts: dict[str, str], sample: int | None
) -> Iterator[list[str]]:
    if sample is not None:
        question = _SAMPLE.format(**parts).encode()
        keys = _texts(connection, question, {"limit": sample})
        for start in range(0, len(keys), _BATCH):
            yield keys[start : start + _BATCH]
        return
    question = _KEYS.format(**parts).encode()
    after = None
    while keys := _texts(connection, question, {"limit": _BATCH, "after": after}):
        yield keys
        after = keys[-1]


def _texts(
    connection: Connection, question: bytes, values: dict[str, int | str | None]
) -> list[str]:
    return [str(row[0]) for row in connection.execute(question, values).fetchall()]


def _parts(history: LiveHistory) -> dict[str, str]:
    table, declaration = history.found.table, history.declaration
    pairs = []
    for name in declaration.track:
        digested = name in declaration.digest
        value = recorded(table.column(name), "live", digested=digested)
        pairs.append(f"{quote_literal(name)}, {value}")
    chunks = [pairs[i : i + _PAIRS] for i in range(0, len(pairs), _PAIRS)]
    objects = (f"|| jsonb_build_object({', '.join(chunk)})" for chunk in chunks)
    history_schema = quote_name(history.function.schema)
    parts = {
        "key": f"live.{quote_name(declaration.key)}",
        "key_type": table.column(declaration.key).type,
        "pairs": " ".join(objects),
        "table": f"{quote_name(table.schema)}.{quote_name(table.name)}",
        "history": f"{history_schema}.{quote_name(history.names.history)}",
    }
    # A percent sign would be taken for a parameter.
    return {name: text.replace("%", "%%") for name, text in parts.items()}


def _estimate(connection: Connection, history: LiveHistory) -> int:
    row = connection.execute(_ESTIMATE, (history.found.oid,)).fetchone()
    return int(row[0]) if row else 0
