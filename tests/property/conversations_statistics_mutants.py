"""Ways to get statistics wrong, each of which its laws must notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import conversations_statistics_laws as laws
from operations_mutant import change_sql

from datalayer.queries.conversations import statistics

if TYPE_CHECKING:
    import pytest
    from conversations_statistics_laws import Law
    from operations_mutant import Apply
    from psycopg import Connection


@dataclass(frozen=True)
class StatisticsMutant:
    """A broken version, and the law that finds it."""

    name: str
    apply: Apply
    law: Law


def _mutant(
    name: str, law: Law, constant: str, *changes: tuple[str, str]
) -> StatisticsMutant:
    return StatisticsMutant(name, change_sql(statistics, constant, *changes), law)


def _view(hour: str, totals: str) -> Apply:
    """Build the view anew, wrongly."""

    def apply(_: pytest.MonkeyPatch, connection: Connection[Any]) -> None:
        connection.execute(f"""
            DROP MATERIALIZED VIEW hourly_stats;
            CREATE MATERIALIZED VIEW hourly_stats AS
            SELECT {hour} AS hour, train_id, model, count(*) AS request_count,
                sum(input_tokens) AS input_tokens, {totals},
                sum(cache_creation_input_tokens) AS cache_creation_input_tokens,
                sum(cache_read_input_tokens) AS cache_read_input_tokens,
                sum(duration_ms) AS duration_ms_sum,
                count(duration_ms) AS duration_count,
                sum(tool_call_count) AS tool_call_count
            FROM api_requests GROUP BY 1, 2, 3;
            CREATE UNIQUE INDEX hourly_stats_key
            ON hourly_stats (hour, train_id, model) NULLS NOT DISTINCT
        """)

    return apply


_OUTPUT = "sum(output_tokens) AS output_tokens"

STATISTICS_MUTANTS = (
    StatisticsMutant(
        "hours of the session",
        _view("date_trunc('hour', timestamp)", _OUTPUT),
        laws.check_view,
    ),
    _mutant(
        "hours of the session in a list",
        laws.check_hours,
        "LIST_HOURLY_STATISTICS",
        (", 'UTC')", ")"),
    ),
    _mutant(
        "hours without requests left out",
        laws.check_hours,
        "LIST_HOURLY_STATISTICS",
        ("LEFT JOIN", "INNER JOIN"),
    ),
    _mutant(
        "an hour that begins at the end",
        laws.check_hours,
        "LIST_HOURLY_STATISTICS",
        ("- interval '1 microsecond'", ""),
    ),
    _mutant(
        "hours that only requests with a model are in",
        laws.check_hours,
        "LIST_HOURLY_STATISTICS",
        ("hours.hour = counted.hour", "hours.hour = counted.hour AND model = 'm'"),
    ),
    _mutant(
        "hours of days as long as those of the session",
        laws.check_live_hours,
        "LIST_HOURLY_ACTIVITY",
        (
            "date_trunc('hour', timestamp, 'UTC')",
            "date_trunc('hour', timestamp::timestamp)::timestamptz",
        ),
    ),
    _mutant(
        "an hour that comes again",
        laws.check_hours,
        "LIST_HOURLY_STATISTICS",
        ("'UTC') + interval '1 hour'", "'UTC')"),
    ),
    _mutant(
        "an hour by the clocks of the session",
        laws.check_live_hours,
        "LIST_HOURLY_ACTIVITY",
        (
            "date_trunc('hour', $2::timestamptz, 'UTC') + interval '1 hour'",
            "($2::timestamptz::timestamp + interval '1 hour')::timestamptz",
        ),
    ),
    _mutant(
        "hours dropped for a sum of nothing",
        laws.check_live_hours,
        "LIST_HOURLY_ACTIVITY",
        ("coalesce(counted.duration_ms_sum, 0)", "coalesce(NULL, 0)"),
    ),
    _mutant(
        "statistics with the end",
        laws.check_statistics,
        "GET_STATISTICS",
        ("timestamp < ", "timestamp <= "),
    ),
    _mutant(
        "statistics of nothing are nothing",
        laws.check_statistics,
        "GET_STATISTICS",
        ("coalesce(sum(duration_ms), 0)", "sum(duration_ms)"),
    ),
    _mutant(
        "a dashboard that counts conversations for each model",
        laws.check_dashboard,
        "GET_DASHBOARD_STATISTICS",
        ("count(DISTINCT conversation_id)", "count(conversation_id)"),
    ),
    _mutant(
        "models without the one that is none",
        laws.check_models,
        "LIST_MODEL_STATISTICS",
        ("GROUP BY model", "AND model IS NOT NULL GROUP BY model"),
    ),
    _mutant(
        "a model after none",
        laws.check_models,
        "LIST_MODEL_STATISTICS",
        ("AND model IS NOT NULL", "AND FALSE"),
    ),
    _mutant(
        "types twice",
        laws.check_types,
        "LIST_TYPE_STATISTICS",
        ("request_type > ", "request_type >= "),
    ),
    _mutant(
        "trains active at the same time",
        laws.check_trains,
        "LIST_ACTIVE_TRAINS",
        ('AND "train_id" > ', 'AND FALSE AND "train_id" > '),
    ),
    _mutant(
        "the first train alone",
        laws.check_trains,
        "LIST_ACTIVE_TRAINS",
        ("WHERE train.train_id IS NOT NULL\n),", "WHERE FALSE\n),"),
    ),
)
