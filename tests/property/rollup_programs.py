"""Programs that write raw rows, let time pass, and maintain what depends on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import errors, sql
from rollup_model import (
    RELATIONS,
    SOURCES,
    Bucket,
    Change,
    Model,
    Row,
    adding,
    hour_of,
    removing,
    renaming,
)

_TIME_COLUMNS = {
    "enforcement": "created",
    "event": "created",
    "execution_history": "time",
    "worker_history": "time",
}
_INSERTS = {
    "enforcement": """\
        INSERT INTO enforcement (created, rule_ref, trigger_ref, payload)
        VALUES (%(time)s, %(ref)s, 't', '{}') RETURNING id""",
    "event": """\
        INSERT INTO event (created, trigger_ref)
        VALUES (%(time)s, %(ref)s) RETURNING id""",
} | {
    f"{entity}_history": f"""\
        INSERT INTO {entity}_history (
            time, operation, entity_id, entity_ref, changed_fields, old_values,
            new_values
        )
        VALUES (
            %(time)s, %(operation)s, 1, %(ref)s,
            CASE %(operation)s
                WHEN 'UPDATE' THEN '{{host, status}}'::text[] ELSE '{{}}'
            END,
            '{{"status": "running"}}',
            jsonb_build_object('status', %(status)s::text)
        )
        RETURNING seq"""
    for entity in ("execution", "worker")
}


@dataclass(frozen=True, slots=True)
class Insert:
    """Write rows that many hours before the clock's present hour."""

    source: str
    hours_ago: int
    within: timedelta = timedelta()
    ref: str = "a"
    operation: str = "UPDATE"
    status: str = "failed"
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a row of `event` or `enforcement`, if there is one."""

    source: str
    choice: int = 0
    aside: bool = False


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """Give an enforcement another rule, if there is one."""

    ref: str = "b"
    choice: int = 0
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    """Open the transaction of the session aside; it has its snapshot from now on."""

    isolation: psycopg.IsolationLevel = psycopg.IsolationLevel.READ_COMMITTED


@dataclass(frozen=True, slots=True)
class End:
    """End the transaction of the session aside."""

    commit: bool = True


@dataclass(frozen=True, slots=True)
class Advance:
    """Let time pass."""

    hours: int


@dataclass(frozen=True, slots=True)
class Maintain:
    """Do what is due: step by step, some steps only, or in one transaction."""

    batch: int = 168
    steps: int | None = None
    at_once: bool = False
    isolation: psycopg.IsolationLevel = psycopg.IsolationLevel.READ_COMMITTED


@dataclass(frozen=True, slots=True)
class DropExpired:
    """Ask for retention alone, before anything else is done."""

    source: str


Write = Insert | Delete | ChangeRule
Operation = Write | Begin | End | Advance | Maintain | DropExpired
Program = list[Operation]


@dataclass(slots=True)
class World:
    """A database, what should be in it, and two sessions with one clock."""

    main: psycopg.Connection
    aside: psycopg.Connection
    model: Model = field(default_factory=Model)
    is_open: bool = False
    pending: list[Change] = field(default_factory=list)
    # Half past, so that no hour ends while a test runs.
    start: datetime = field(
        default_factory=lambda: hour_of(datetime.now(UTC)) + timedelta(minutes=30)
    )
    passed: timedelta = timedelta()

    @property
    def now(self) -> datetime:
        """Return what the clock shows."""
        return self.start + self.passed


@contextmanager
def open_world(url: str) -> Iterator[World]:
    """Yield a world with a new database."""
    with (
        psycopg.connect(url, autocommit=True) as main,
        psycopg.connect(url, autocommit=True) as aside,
    ):
        yield World(main, aside)


def run_program(world: World, program: Program) -> None:
    """Run a program; compare the relations with the model whenever all was done."""
    for operation in program:
        _set_clocks(world)
        _run(world, operation)
    _set_clocks(world)
    _end(world, commit=False)
    _maintain(world, Maintain())


def _set_clocks(world: World) -> None:
    shift = world.now - datetime.now(UTC)
    for connection in (world.main, world.aside):
        connection.execute("SELECT set_config('law.shift', %s, false)", (str(shift),))


def _run(world: World, operation: Operation) -> None:
    match operation:
        case Begin(isolation):
            _begin(world, isolation)
        case End(commit):
            _end(world, commit=commit)
        case Advance(hours):
            world.passed += timedelta(hours=hours)
        case Maintain():
            _maintain(world, operation)
        case DropExpired(source):
            _drop_expired(world, source)
        case _:
            write(world, operation)


def write(world: World, operation: Write) -> None:
    """Write raw rows, on both the database and the model."""
    match operation:
        case Insert():
            _insert(world, operation)
        case Delete():
            _delete(world, operation)
        case ChangeRule():
            _change_rule(world, operation)


def _begin(world: World, isolation: psycopg.IsolationLevel) -> None:
    if world.is_open:
        return
    level = isolation.name.replace("_", " ")
    world.aside.execute(f"BEGIN ISOLATION LEVEL {level}".encode())
    world.aside.execute("SELECT FROM event LIMIT 1")
    world.is_open = True


def _connection(world: World, *, aside: bool) -> psycopg.Connection:
    return world.aside if aside and world.is_open else world.main


def _note(world: World, change: Change, *, aside: bool) -> None:
    if aside and world.is_open:
        world.pending.append(change)
    else:
        world.model.apply([change])


def _insert(world: World, insert: Insert) -> None:
    time = hour_of(world.now) - timedelta(hours=insert.hours_ago) + insert.within
    connection = _connection(world, aside=insert.aside)
    values = {
        "time": time,
        "ref": insert.ref,
        "operation": insert.operation,
        "status": insert.status,
    }
    found = connection.execute(_INSERTS[insert.source].encode(), values).fetchone()
    assert found
    row = Row(
        insert.source, found[0], time, insert.ref, insert.operation, insert.status
    )
    _note(world, adding(row), aside=insert.aside)


def _choose(world: World, source: str, choice: int) -> Row | None:
    """Choose a row that the session aside has not touched."""
    touched = dict(world.model.rows)
    for change in world.pending:
        change(touched)
    free = [
        row
        for key, row in sorted(world.model.rows.items())
        if row.source == source and touched.get(key) is row
    ]
    return free[choice % len(free)] if free else None


def _delete(world: World, delete: Delete) -> None:
    row = _choose(world, delete.source, delete.choice)
    if row:
        question = sql.SQL("DELETE FROM {} WHERE id = %s").format(
            sql.Identifier(delete.source)
        )
        _change(world, question, (row.key,), removing(row), aside=delete.aside)


def _change_rule(world: World, change: ChangeRule) -> None:
    row = _choose(world, "enforcement", change.choice)
    if row:
        question = sql.SQL("UPDATE enforcement SET rule_ref = %s WHERE id = %s")
        values = (change.ref, row.key)
        _change(world, question, values, renaming(row, change.ref), aside=change.aside)


def _change(
    world: World,
    question: sql.SQL | sql.Composed,
    values: tuple[object, ...],
    change: Change,
    *,
    aside: bool,
) -> None:
    try:
        cursor = _connection(world, aside=aside).execute(question, values)
    except errors.SerializationFailure:
        _end(world, commit=False)
        return
    if cursor.rowcount:
        _note(world, change, aside=aside)


def _end(world: World, *, commit: bool) -> None:
    if not world.is_open:
        return
    world.aside.execute("COMMIT" if commit else "ROLLBACK")
    if commit:
        world.model.apply(world.pending)
    world.pending, world.is_open = [], False
    _set_clocks(world)


def _maintain(world: World, maintain: Maintain) -> None:
    try:
        all_done = _take_steps(world, maintain)
    except (errors.LockNotAvailable, errors.DeadlockDetected):
        # The session aside holds a table. Hours come before tables, and were done
        # unless all was one transaction.
        all_done = not maintain.at_once
    _note_drops(world)
    if all_done:
        check_relations(world)


def _take_steps(world: World, maintain: Maintain) -> bool:
    if maintain.at_once:
        with world.main.transaction():
            level = maintain.isolation.name.replace("_", " ")
            world.main.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
            world.main.execute(
                "SELECT * FROM datalayer_maintain(%s)", (maintain.batch,)
            )
        return True
    taken = 0
    while maintain.steps is None or taken < maintain.steps:
        question = "SELECT * FROM datalayer_maintain_step(%s)"
        if not world.main.execute(question, (maintain.batch,)).fetchall():
            return True
        taken += 1
    return False


def _drop_expired(world: World, source: str) -> None:
    with suppress(errors.LockNotAvailable):
        question = "SELECT datalayer_drop_expired_partition(%s)"
        world.main.execute(question, (source,))
    _note_drops(world)


def _note_drops(world: World) -> None:
    """Follow retention, once it is shown to have dropped only what it may."""
    kept = world.main.execute(
        "SELECT relation::text, dropped_before, retain FROM datalayer_partitioned "
        "WHERE isfinite(dropped_before)"
    )
    for source, before, retain in kept.fetchall():
        if source in SOURCES:
            assert before <= world.now - retain, (source, before)
            world.model.drop(source, before)


def check_relations(world: World) -> None:
    """Compare the six relations, and the raw rows, with the model."""
    for name in RELATIONS:
        shown = read_relation(world.main, name)
        assert shown == world.model.expected(name), name
    for source in SOURCES:
        question = sql.SQL("SELECT count(*) FROM {} WHERE {} >= %s").format(
            sql.Identifier(source), sql.Identifier(_TIME_COLUMNS[source])
        )
        before = world.model.dropped_before[source]
        found = world.main.execute(question, (before,)).fetchone()
        rows = (r for r in world.model.rows.values() if r.source == source)
        assert found == (sum(row.time >= before for row in rows),), source


def read_relation(connection: psycopg.Connection, name: str) -> Counter[Bucket]:
    """Return the buckets of a relation, each of which must be there only once."""
    question = sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))
    buckets: Counter[Bucket] = Counter()
    for row in connection.execute(question).fetchall():
        key, count = row[:-1], row[-1]
        assert key not in buckets, (name, key)
        buckets[key] = count
    return buckets
