"""Two sessions that change who owns a train, step by step in a given order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, TypeAlias

import psycopg
from psycopg import AsyncConnection

#: The members that there are at the beginning, with their roles; none is no train.
STATES: dict[str, dict[str, str]] = {
    "no train": {},
    "two owners": {"ada": "owner", "ben": "owner"},
    "one owner": {"ada": "owner", "ben": "member"},
}
_REMOVE = "DELETE FROM train_members WHERE train_id = 'x' AND email = '{}'"
_CHANGE = "UPDATE train_members SET role = '{}' WHERE train_id = 'x' AND email = '{}'"
_ADD = (
    "WITH made AS (INSERT INTO trains (train_id, name) VALUES ('{0}', '{0}')"
    " RETURNING train_id)"
    " INSERT INTO train_members (train_id, email, role, added_by)"
    " SELECT train_id, email, role, 'x' FROM made, unnest(%s::text[], %s::text[])"
    " AS wanted (email, role)"
)
OPERATIONS = {
    "create another": (
        "INSERT INTO trains (train_id, name) VALUES ('y', 'y');"
        "INSERT INTO train_members (train_id, email, role, added_by)"
        " VALUES ('y', 'cy', 'owner', 'x')"
    ),
    "delete train": "DELETE FROM trains WHERE train_id = 'x'",
    "demote ada": _CHANGE.format("member", "ada"),
    "demote ben": _CHANGE.format("member", "ben"),
    "promote ada": _CHANGE.format("owner", "ada"),
    "promote ben": _CHANGE.format("owner", "ben"),
    "remove ada": _REMOVE.format("ada"),
    "remove ben": _REMOVE.format("ben"),
    "rename train": "UPDATE trains SET train_id = 'z' WHERE train_id = 'x'",
    "truncate members": "TRUNCATE train_members",
    "truncate trains": "TRUNCATE trains CASCADE",
}
LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
_ORPHANS = (
    "SELECT train_id FROM trains WHERE NOT EXISTS (SELECT FROM train_members AS m"
    " WHERE m.train_id = trains.train_id AND m.role = 'owner')"
)
_WAITERS = "SELECT pid, pg_blocking_pids(pid) FROM unnest(%s::integer[]) AS pid"

#: Whose turn it is: begin with a snapshot, change, check what is deferred, commit. The
#: check is what COMMIT does first; by itself it can come before the other's COMMIT.
Order: TypeAlias = tuple[int, ...]


def all_orders() -> Iterator[Order]:
    """Return every order of the steps in which the first session begins."""
    for places in combinations(range(1, 8), 3):
        first = {0, *places}
        yield tuple(0 if place in first else 1 for place in range(8))


@dataclass(frozen=True, slots=True)
class Race:
    """Which two transactions meet, and in which order they take their steps."""

    state: str
    operations: tuple[str, str]
    levels: tuple[str, str]
    order: Order


@dataclass
class Session:
    """A connection, what it does now, and what it has still to do."""

    connection: AsyncConnection[Any]
    waiting: deque[str] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None
    errors: list[psycopg.Error] = field(default_factory=list)

    @property
    def is_busy(self) -> bool:
        return self.task is not None

    def start(self, statement: str) -> None:
        self.task = asyncio.create_task(self._run(statement))

    async def _run(self, statement: str) -> None:
        try:
            await self.connection.execute(statement)
        except psycopg.Error as error:
            self.errors.append(error)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the two, and which trains are without an owner."""

    errors: tuple[str | None, str | None]
    orphans: list[str]


class Track:
    """Two sessions and one that watches them, for many races."""

    def __init__(self, connections: list[AsyncConnection[Any]]) -> None:
        self.watcher, *self.runners = connections

    async def run(self, race: Race) -> Outcome:
        """Run a race and tell what became of it."""
        await self.prepare(STATES[race.state])
        sessions = [Session(each) for each in self.runners]
        steps = [_steps(race, number) for number in range(2)]
        for number in race.order:
            sessions[number].waiting.append(next(steps[number]))
            await self._proceed(sessions)
        assert not any(session.is_busy or session.waiting for session in sessions)
        rows = await (await self.watcher.execute(_ORPHANS)).fetchall()
        first, second = (
            session.errors[0].sqlstate if session.errors else None
            for session in sessions
        )
        return Outcome((first, second), [str(row[0]) for row in rows])

    async def await_waiting(
        self, connection: AsyncConnection[Any], task: asyncio.Task[Any]
    ) -> None:
        """Return when a session waits for another one, or its task is done."""
        pid = connection.info.backend_pid
        while not task.done():
            await asyncio.sleep(0)
            rows = await (await self.watcher.execute(_WAITERS, [[pid]])).fetchall()
            if all(by for _, by in rows):
                return

    async def prepare(self, members: dict[str, str]) -> None:
        """Let there be a train with these members, or none at all."""
        async with self.watcher.transaction():
            # Emptying files takes long; what is compared with an old snapshot needs it.
            await self.watcher.execute(
                "DELETE FROM trains" if members else "TRUNCATE trains CASCADE"
            )
            if members:
                await self.watcher.execute(
                    _ADD.format("x"), (list(members), list(members.values()))
                )

    async def _proceed(self, sessions: list[Session]) -> None:
        """Take the steps that can be taken, until everybody waits or is done."""
        while True:
            await self._settle(sessions)
            able = [one for one in sessions if one.waiting and not one.is_busy]
            if not able:
                return
            able[0].start(able[0].waiting.popleft())

    async def _settle(self, sessions: list[Session]) -> None:
        """Wait until each session is done, or waits for one that does nothing."""
        while True:
            await asyncio.sleep(0)
            for session in sessions:
                if session.task is not None and session.task.done():
                    session.task = None
            busy = {one.connection.info.backend_pid for one in sessions if one.is_busy}
            if not busy:
                return
            rows = await (await self.watcher.execute(_WAITERS, [list(busy)])).fetchall()
            # Who waits for somebody busy goes on, or is ended as part of a deadlock.
            still = all(one.task is None or not one.task.done() for one in sessions)
            if still and all(set(by) - busy for _, by in rows):
                return


def _steps(race: Race, number: int) -> Iterator[str]:
    yield f"BEGIN ISOLATION LEVEL {race.levels[number]}; SELECT FROM trains"
    yield OPERATIONS[race.operations[number]]
    yield "SET CONSTRAINTS ALL IMMEDIATE"
    yield "COMMIT"
