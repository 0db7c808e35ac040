"""What a history trigger costs for each changed row."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg

from benchmarks.history_changes import (
    CHANGES,
    FUNCTIONS,
    GIVE_RESULT,
    TRIGGERS,
    Change,
    Connection,
    add_executions,
    replace_trigger,
)
from benchmarks.history_weights import weigh_changes
from benchmarks.measure import Contender, cpu_clock, measure
from benchmarks.report import Figure, Goal, Row, Table
from datalayer.config import bundled_folder
from datalayer.migrate import migrate
from datalayer.server import create_database, scratch_database, use_server

TEMPLATE = "bench_template"
#: How many rows to change at once when each has 100 kB, and of how many in turn.
FEW = 10
POOL = 200
#: How much one may cost at most: of the plain trigger, and for an untracked update.
MOST_OF_PLAIN = 1.1
MOST_UNTRACKED = 5e-6
_NOTE = """\
Processor time of the server's process where the system tells it, else elapsed time;
lower quartiles, because others can only slow it down. One table, whose trigger is
exchanged between samples. Of an INSERT ours also records env_vars, which the plain one
forgets. A tracked value of 100 kB is read to be compared, by the plain trigger too."""


@dataclass(slots=True)
class Field:
    """The rows that changes are tried on, and what has been done to them."""

    connection: Connection
    clock: Callable[[], float]
    #: The first and the last of the rows that stay.
    first: int = 0
    last: int = 0
    #: Where DELETE goes on.
    doomed: int = 0
    step: int = 0
    trigger: str = "ours"


def measure_triggers(
    *, rows: int, rounds: int, say: Callable[[str], None]
) -> list[Table]:
    """Measure statements over many rows, over one, and what the changes take."""
    say("starting a throw-away server")
    with use_server() as server:
        template = create_database(server.url(), TEMPLATE)
        _prepare(template)
        with (
            scratch_database(server.url(), TEMPLATE) as url,
            psycopg.connect(url, autocommit=True) as connection,
        ):
            connection.prepare_threshold = 0
            clock = cpu_clock(connection.info.backend_pid) or time.perf_counter
            field = Field(connection, clock)
            tables = [
                _measure_all(
                    field, amount=amount, pool=min(rows, POOL), rounds=rounds, say=say
                )
                for amount in (rows, 1)
            ]
        say("weighing changes")
        return [*tables, weigh_changes(server, TEMPLATE, lives=10 * rows)]


def _prepare(url: str) -> None:
    migrate(url, bundled_folder("migrations"))
    with psycopg.connect(url, autocommit=True) as connection:
        # Tables are vacuumed between samples instead.
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("SELECT FROM datalayer_maintain()")
        connection.execute(FUNCTIONS.read_bytes())


def _measure_all(
    field: Field,
    *,
    amount: int,
    pool: int,
    rounds: int,
    say: Callable[[str], None],
) -> Table:
    costs = {}
    for change in CHANGES:
        many = min(amount, FEW) if change.result == "large" else amount
        say(f"{change.name}, {many:,} row{'s' if many > 1 else ''} a statement")
        _refill(field, change, max(many, pool))
        contenders = [_contender(field, name, change, many) for name in TRIGGERS]
        measured = measure(contenders, rounds=rounds)
        costs[change] = _costs([timing.samples for timing in measured], many)
    return _tabulate(amount, costs)


def _refill(field: Field, change: Change, size: int) -> None:
    """Begin with new rows, which have the result that the change wants."""
    field.connection.execute("DELETE FROM execution")
    field.first, field.last = add_executions(field.connection, size)
    if change.result:
        field.connection.execute(GIVE_RESULT[change.result].encode())


def _contender(field: Field, name: str, change: Change, amount: int) -> Contender:
    cursor = psycopg.RawCursor(field.connection)
    statement = change.statement.encode()
    size = field.last - field.first + 1

    def prepare(calls: int) -> None:
        if field.trigger != name:
            replace_trigger(field.connection, name)
            field.trigger = name
        _tidy(field)
        if change.name == "DELETE":
            # One more, because the first call plans.
            field.doomed, _ = add_executions(field.connection, (calls + 1) * amount)
        run(0)

    def run(_call: int) -> None:
        field.step += 1
        if change.name == "DELETE":
            first = field.doomed
            field.doomed += amount
        else:
            first = field.first + field.step * amount % size
        cursor.execute(statement, [field.step, first, first + amount - 1])
        assert cursor.rowcount == amount

    return Contender(name, run, prepare, field.clock)


def _tidy(field: Field) -> None:
    """Let every sample begin with as much waste, and as few entries that wait."""
    field.connection.execute("DELETE FROM execution WHERE id > %s", [field.last])
    field.connection.execute("VACUUM execution")
    field.connection.execute(
        "SELECT gin_clean_pending_list(relid)"
        " FROM pg_partition_tree('idx_execution_history_changed_fields') WHERE isleaf"
    )


def _costs(samples: Sequence[Sequence[float]], amount: int) -> list[float]:
    """Return what a row takes without a trigger, and what each trigger adds to that."""
    bare, *others = (sorted(each)[len(each) // 4] / amount for each in samples)
    return [bare, *(other - bare for other in others)]


def _tabulate(amount: int, costs: dict[Change, list[float]]) -> Table:
    ratios = {change: cost[-1] / cost[-2] for change, cost in costs.items()}
    tracked = {
        change: ratio
        for change, ratio in ratios.items()
        if not change.untracked and not change.more
    }
    untracked = {
        change: cost[-1]
        for change, cost in costs.items()
        if change.untracked and not change.result
    }
    many = f"{amount:,} rows" if amount > 1 else "one row"
    return Table(
        f"trigger cost for each row, by a statement over {many}",
        ("no trigger", *(f"+ {name}" for name in list(TRIGGERS)[1:]), "ours/plain"),
        tuple(
            Row(
                change.name,
                (*(Figure(seconds, "s") for seconds in cost), Figure(ratios[change])),
            )
            for change, cost in costs.items()
        ),
        goals=(
            _goal("at most 1.1 of the plain trigger's cost", tracked, MOST_OF_PLAIN),
            _goal("at most 5 µs for an untracked change", untracked, MOST_UNTRACKED),
        ),
        note=_NOTE,
    )


def _goal(text: str, found: dict[Change, float], most: float) -> Goal:
    missed = [change.name for change, value in found.items() if value > most]
    return Goal(text + (f" ({'; '.join(missed)})" if missed else ""), not missed)
