"""Maintenance that is broken in one place is caught by the scenario made for it."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest
from rollup_databases import shifted_template
from rollup_programs import open_world, run_program
from rollup_scenarios import SCENARIOS

from datalayer.server import Server, scratch_database

pytestmark = pytest.mark.postgres


@dataclass(frozen=True, slots=True)
class Mutant:
    """A piece of the migrations, what to put there, and which scenario notices."""

    old: str
    new: str
    scenario: str


MUTANTS = {
    "late rows leave no mark": Mutant(
        "WHEN (new.created < datalayer_hour(clock_timestamp()))",
        "WHEN (new.created IS NULL)",
        "a row comes after its hour was stored",
    ),
    "rows are late by the watermark": Mutant(
        "WHEN (new.created < datalayer_hour(clock_timestamp()))",
        "WHEN (new.created < datalayer_watermark('event'))",
        "a late row comes with a snapshot from before its hour was stored",
    ),
    "deletes leave no mark": Mutant(
        "WHEN (old.created < datalayer_hour(clock_timestamp()))",
        "WHEN (old.created IS NULL)",
        "a counted row is deleted",
    ),
    "another rule leaves no mark": Mutant(
        "WHEN (old.rule_ref <> new.rule_ref AND",
        "WHEN (old.rule_ref > new.rule_ref AND",
        "a counted row changes its ref",
    ),
    "nobody remembers who was in progress": Mutant(
        "IF oldest_writer < here THEN",
        "IF FALSE THEN",
        "a transaction is open while its hour is stored",
    ),
    "who is in progress is read from a snapshot's list": Mutant(
        "IF oldest_writer < here THEN",
        "IF EXISTS (SELECT FROM pg_snapshot_xip(pg_current_snapshot())) THEN",
        "a transaction is open while its hour is stored",
    ),
    "hours are settled before the transaction ends": Mutant(
        "                <= pg_snapshot_xmin(pg_current_snapshot())",
        "                <= pg_snapshot_xmax(pg_current_snapshot())",
        "a transaction is open while its hour is stored",
    ),
    "what was passed over is forgotten": Mutant(
        "    WHILE bucket < since LOOP",
        "    WHILE bucket < passed_since LOOP",
        "a transaction is open while its empty hour is passed over",
    ),
    "a repetition forgets all relations but one": Mutant(
        "        ORDER BY datalayer_rollup.name\n    LOOP",
        "        LIMIT 1\n    LOOP",
        "a row comes after its hour was stored",
    ),
    "a repetition adds to what was stored": Mutant(
        "'DELETE FROM %I WHERE bucket >= $1 AND bucket < $2'",
        "'DELETE FROM %I WHERE bucket > $1 AND bucket < $2'",
        "a row comes after its hour was stored",
    ),
    "the upper bound belongs to the range": Mutant(
        "'WHERE time >= $1 AND time < $2 GROUP BY %s'",
        "'WHERE time >= $1 AND time <= $2 GROUP BY %s'",
        "rows stand at the edges of hours",
    ),
    "the live hours begin after the watermark": Mutant(
        "time >= (SELECT datalayer_watermark('event'))",
        "time > (SELECT datalayer_watermark('event'))",
        "rows stand at the edges of hours",
    ),
    "retention does not wait for the watermark": Mutant(
        "datalayer_rollup_source.watermark < present.until",
        "FALSE",
        "hours are not stored when retention is asked for",
    ),
    "retention does not wait for late hours": Mutant(
        "                            AND datalayer_late_hour.bucket < present.until\n",
        "                            AND FALSE\n",
        "an hour is to be repeated when retention is asked for",
    ),
    "dropped hours are repeated": Mutant(
        "            AND datalayer_late_hour.bucket >= first_hour\n",
        "",
        "a late row comes for hours that were dropped",
    ),
    "retention forgets what it dropped": Mutant(
        "    SET dropped_before = greatest(datalayer_partitioned.dropped_before, "
        "expired.until)",
        "    SET dropped_before = datalayer_partitioned.dropped_before",
        "a late row comes for hours that were dropped",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_scenario_catches(name: str, server: Server) -> None:
    mutant = MUTANTS[name]

    with (
        shifted_template(
            server.url(), "rollup_mutant", (mutant.old, mutant.new)
        ) as template,
        scratch_database(server.url(), template=template) as url,
        open_world(url) as world,
        pytest.raises((AssertionError, psycopg.errors.UniqueViolation)),
    ):
        run_program(world, SCENARIOS[mutant.scenario])
