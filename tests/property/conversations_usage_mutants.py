"""Ways to get token usage wrong, each of which its laws must notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import conversations_usage_laws as laws
from operations_mutant import change_sql

from datalayer.queries.conversations import usage

if TYPE_CHECKING:
    from conversations_usage_laws import Law
    from operations_mutant import Apply

_BY_SECONDS = "make_interval(secs => extract(EPOCH FROM "


@dataclass(frozen=True)
class UsageMutant:
    """A broken version, and the law that finds it."""

    name: str
    apply: Apply
    law: Law


def _mutant(
    name: str, law: Law, constant: str, *changes: tuple[str, str]
) -> UsageMutant:
    return UsageMutant(name, change_sql(usage, constant, *changes), law)


USAGE_MUTANTS = (
    _mutant(
        "window with its end",
        laws.check_window,
        "GET_USAGE",
        ("AND timestamp < ", "AND timestamp <= "),
    ),
    _mutant(
        "window without its beginning",
        laws.check_window,
        "GET_USAGE",
        ("AND timestamp\n    >= ", "AND timestamp\n    > "),
    ),
    _mutant(
        "window that an empty sum empties",
        laws.check_window,
        "GET_USAGE",
        (
            "coalesce(sum(input_tokens), 0) + coalesce(sum(output_tokens), 0)",
            "sum(input_tokens) + sum(output_tokens)",
        ),
    ),
    _mutant(
        "window by the clock on the wall",
        laws.check_window,
        "GET_USAGE",
        (_BY_SECONDS, "(("),
    ),
    _mutant(
        "window of an account in all trains",
        laws.check_window,
        "GET_USAGE",
        ("train_id = ", "TRUE OR train_id = "),
    ),
    _mutant(
        "window of all models",
        laws.check_window,
        "GET_USAGE",
        ("model = ", "TRUE OR model = "),
    ),
    _mutant(
        "window of an account or a train",
        laws.check_window,
        "GET_USAGE",
        ("AND train_id", "OR train_id"),
    ),
    _mutant(
        "days of the session",
        laws.check_days,
        "LIST_DAILY_USAGE",
        (" AT TIME ZONE 'UTC'", ""),
    ),
    _mutant(
        "days that begin with those of the session",
        laws.check_days,
        "LIST_DAILY_USAGE",
        (", 'UTC')", ")"),
    ),
    _mutant(
        "days without requests left out",
        laws.check_days,
        "LIST_DAILY_USAGE",
        ("LEFT JOIN spent", "INNER JOIN spent"),
    ),
    _mutant(
        "a day too many",
        laws.check_days,
        "LIST_DAILY_USAGE",
        (
            "generate_series(0, %(days)s::integer - 1)",
            "generate_series(0, %(days)s::integer)",
        ),
    ),
    _mutant(
        "a total of one side",
        laws.check_days,
        "LIST_DAILY_USAGE",
        ("coalesce(spent.input_tokens, 0) + coalesce(", "nullif(0, 0) + coalesce("),
    ),
    _mutant(
        "buckets without requests left out",
        laws.check_buckets,
        "LIST_USAGE",
        ("LEFT JOIN spent", "INNER JOIN spent"),
    ),
    _mutant(
        "buckets from midnight on",
        laws.check_buckets,
        "LIST_USAGE",
        ("timestamp, %(since)s)", "timestamp, '2000-01-01 00:00:00+00')"),
    ),
    _mutant(
        "a bucket at the end",
        laws.check_buckets,
        "LIST_USAGE",
        ("WHERE bucket.started_at < ", "WHERE bucket.started_at <= "),
    ),
    _mutant(
        "buckets with the end",
        laws.check_buckets,
        "LIST_USAGE",
        ("AND timestamp < ", "AND timestamp <= "),
    ),
    _mutant(
        "a last bucket that is not cut off",
        laws.check_buckets,
        "LIST_USAGE",
        ("least(\n", "greatest(\n"),
    ),
    _mutant(
        "buckets by the clock on the wall",
        laws.check_buckets,
        "LIST_USAGE",
        (_BY_SECONDS, "(("),
    ),
    _mutant(
        "samples without requests left out",
        laws.check_samples,
        "LIST_SLIDING_USAGE",
        ("LEFT JOIN change", "INNER JOIN change"),
    ),
    _mutant(
        "samples that forget nothing",
        laws.check_samples,
        "LIST_SLIDING_USAGE",
        ("-input_tokens AS", "0 * input_tokens AS"),
    ),
    _mutant(
        "samples that forget what was before the first",
        laws.check_samples,
        "LIST_SLIDING_USAGE",
        ("THEN %(since)s\n", "THEN timestamp\n"),
    ),
    _mutant(
        "samples that include their own moment",
        laws.check_samples,
        "LIST_SLIDING_USAGE",
        (
            "date_bin(%(step)s, timestamp, %(since)s)",
            "date_bin(%(step)s, timestamp - '1 us'::interval, %(since)s)",
        ),
    ),
    _mutant(
        "samples that lose the first moment",
        laws.check_samples,
        "LIST_SLIDING_USAGE",
        (
            "            %(since)s\n        )\n",
            "            %(since)s\n        ) - %(step)s::interval\n",
        ),
    ),
    _mutant(
        "samples by the clock on the wall",
        laws.check_samples,
        "LIST_SLIDING_USAGE",
        (_BY_SECONDS, "(("),
    ),
)
