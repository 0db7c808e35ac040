"""Runners of the conversations domain that are killed, and what they had reached."""

from __future__ import annotations

import os
import re
import signal
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from conversations_filling import DOMAIN_ACCOUNTS, insert
from conversations_steps import OUTSIDE, STEPS
from datalayer.migrate import Event, Notice, migrate
from server_processes import await_true

#: How many requests are in a batch of these tests.
BATCH = 60
_PROGRESS = re.compile(
    r"(?P<backfill>.+): (?P<seen>\d+) of about \d+ requests seen, .*"
)

_OTHERS = """\
SELECT count(*) FROM pg_stat_activity
WHERE
    datname = current_database()
    AND pid <> pg_backend_pid()
    AND backend_type = 'client backend'
"""


@dataclass(frozen=True)
class Progress:
    """How far a backfill has come."""

    backfill: str
    seen: int
    is_finished: bool


def write_small_batches(folder: Path, timeout: str = "2s") -> Path:
    """Write the migrations with small batches and a time-out, and return the folder."""
    component = folder / "conversations"
    component.mkdir(parents=True)
    for file in STEPS:
        text = file.read_text().replace(OUTSIDE, f"{OUTSIDE} lock_timeout={timeout}")
        small = re.sub(r"^(CALL \w+)\(\);$", rf"\1({BATCH});", text, flags=re.MULTILINE)
        (component / file.name).write_text(small)
    return folder


def add_accounts(connection: psycopg.Connection) -> None:
    """Do what those who run the fifth step should do before it."""
    connection.execute(DOMAIN_ACCOUNTS)
    rows = [{"domain": "beta", "account_id": "acc_beta"}]
    insert(connection, "domain_accounts", rows)


def backfill(
    url: str, folder: Path, report: Callable[[Event], None], step: int = 8
) -> None:
    """Let the runner apply everything up to a step, the last with a backfill or not."""
    component = ["conversations"]
    migrate(url, folder, components=component, to=f"{step:03}", report=report)


def run_and_die(url: str, folder: Path, event: int) -> tuple[bool, list[str]]:
    """Run in a process that kills itself at an event.

    Return whether it came to the end before, and the messages of its notices.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # From Python 3.12 on: forking with threads. The child only runs this.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            backfill(url, folder, _Killer(writer, event))
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with open(reader, encoding="utf-8") as pipe:
        messages = pipe.read().splitlines()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return False, messages
    assert os.WEXITSTATUS(status) == 0
    return True, messages


@dataclass
class _Killer:
    writer: int
    left: int

    def __call__(self, event: Event) -> None:
        """Pass a notice on, and end everything at the last event."""
        if isinstance(event, Notice):
            os.write(self.writer, f"{event.message}\n".encode())
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def read_progress(url: str) -> dict[str, Progress]:
    """Return how far the backfills have come, once nobody is at work any more."""
    with psycopg.connect(url, autocommit=True) as connection:
        await_true(lambda: connection.execute(_OTHERS).fetchone() == (0,))
        there = connection.execute("SELECT to_regclass('backfill_progress')")
        if there.fetchone() == (None,):
            return {}
        found = connection.execute(
            "SELECT backfill, seen, finished_at IS NOT NULL FROM backfill_progress"
        )
        return {row[0]: Progress(*row) for row in found.fetchall()}


def first_seen(messages: list[str]) -> dict[str, int]:
    """Return what the first notice of each backfill says it has seen."""
    seen: dict[str, int] = {}
    for message in messages:
        if found := _PROGRESS.fullmatch(message):
            seen.setdefault(found["backfill"], int(found["seen"]))
    return seen


def assert_goes_on(
    before: dict[str, Progress], messages: list[str], total: int
) -> None:
    """Compare what a run saw first with where the run before it had ended."""
    for name, seen in first_seen(messages).items():
        reached = before.get(name)
        begun = reached.seen if reached and not reached.is_finished else 0
        assert seen == min(begun + BATCH, total), name
