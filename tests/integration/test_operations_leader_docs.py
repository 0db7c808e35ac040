"""The page about leader election is true."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datalayer.domains.operations import acquire_worker_lock, get_worker_lock

PAGE = (Path(__file__).parents[2] / "docs" / "leader-election.md").read_text()
_CALLS, _LEADER = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
_PRINTED = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)

Connection = psycopg.Connection[Any]


class Turns(threading.Event):
    """Stops who waits for it after some turns, and does not keep them waiting."""

    def __init__(self, turns: int) -> None:
        super().__init__()
        self.turns = turns

    def wait(self, timeout: float | None = None) -> bool:
        self.turns -= 1
        if self.turns == 0:
            self.set()
        return self.is_set()


@pytest.fixture
def leading() -> dict[str, Any]:
    """What the module of the page defines."""
    module: dict[str, Any] = {}
    exec(compile(_LEADER, "docs/leader-election.md", "exec"), module)  # noqa: S102 (the page)
    return module


def test_the_calls_print_what_the_page_says(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)

    exec(compile(_CALLS, "docs/leader-election.md", "exec"), {})  # noqa: S102 (the page)

    assert [capsys.readouterr().out] == _PRINTED


def test_a_leader_works_renews_and_releases(
    connection: Connection, leading: dict[str, Any]
) -> None:
    connection.autocommit = True
    tokens = []

    def work(session: Connection) -> None:
        held = get_worker_lock(session)
        assert held is not None
        tokens.append(held.token)

    leading["lead"](connection, work, Turns(3))

    assert tokens == [1, 1, 1]
    assert get_worker_lock(connection) is None


def test_who_does_not_lead_waits_and_takes_over(
    connection: Connection, leading: dict[str, Any]
) -> None:
    connection.autocommit = True
    acquire_worker_lock(connection, owner_id="other", ttl=leading["TTL"])
    done: list[Connection] = []

    leading["lead"](connection, done.append, Turns(3))
    assert done == []

    connection.execute("UPDATE assistly_worker_lock SET expires_at = now()")
    leading["lead"](connection, done.append, Turns(2))
    assert len(done) == 2


def test_a_leader_that_was_overtaken_stops_and_asks_again(
    connection: Connection, leading: dict[str, Any]
) -> None:
    """While it pauses, its lock expires and another one leads and ends."""
    connection.autocommit = True
    tokens = []

    def work(session: Connection) -> None:
        held = get_worker_lock(session)
        assert held is not None
        tokens.append(held.token)

    class Overtaken(Turns):
        def wait(self, timeout: float | None = None) -> bool:
            connection.execute("UPDATE assistly_worker_lock SET expires_at = now()")
            acquire_worker_lock(connection, owner_id="other", ttl=leading["TTL"])
            connection.execute("UPDATE assistly_worker_lock SET expires_at = now()")
            return super().wait(timeout)

    leading["lead"](connection, work, Overtaken(3))

    assert tokens == [1, 3, 5]


def test_every_call_is_in_the_table() -> None:
    names = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)

    assert names == [
        "acquire_worker_lock",
        "renew_worker_lock",
        "release_worker_lock",
        "get_worker_lock",
        "fenced",
    ]
