"""Handlers are found by name, run, and tell what went wrong."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from datalayer.domains.operations.errors import (
    HandlerImportFailed,
    HandlerNameError,
    HandlerNotCallable,
    HandlerNotFound,
)
from datalayer.domains.operations.worker import Attempt, Handler, Lease, load_handler
from datalayer.domains.operations.worker.connecting import LONGEST_PAUSE, pause_after
from datalayer.domains.operations.worker.handling import LONGEST_ERROR, handle

ATTEMPT = Attempt(
    id=7,
    platform="mastodon",
    content="hello",
    scheduled_at=datetime(2026, 1, 1, tzinfo=UTC),
    idempotency_key=None,
    retries=0,
    attempt_token=1,
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A working folder of its own, whose modules are forgotten afterwards."""
    known = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "posting").mkdir()
    (tmp_path / "posting" / "__init__.py").write_text("import os\n")
    (tmp_path / "posting" / "mastodon.py").write_text(
        "def post(job):\n    return f'posted {job.id}'\n"
        "def needs_more(job, account): ...\n"
        "def has_default(job, account='a'): return account\n"
        "class Poster:\n"
        "    @staticmethod\n"
        "    def post(job): return 'by class'\n"
        "text = 'no function'\n"
    )
    (tmp_path / "broken.py").write_text("def f():\n    1 / 0\nf()\n")
    (tmp_path / "needy.py").write_text("import no_such_thing_at_all\n")
    (tmp_path / "script.py").write_text("raise SystemExit('no module')\n")
    (tmp_path / "typo.py").write_text("def f(:\n")
    yield
    for name in set(sys.modules) - known:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("name", "returned"),
    [
        ("posting.mastodon:post", "posted 7"),
        ("posting.mastodon.post", "posted 7"),
        ("posting.mastodon:has_default", "a"),
        ("posting.mastodon:Poster.post", "by class"),
    ],
)
def test_handler_is_found(name: str, returned: str) -> None:
    assert load_handler(name)(ATTEMPT) == returned


@pytest.mark.parametrize(
    "name",
    ["", "post", ":post", "posting:", "posting/mastodon.py:post", "a:b:c", " "],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(HandlerNameError, match="does not name a function"):
        load_handler(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere:post", "there is no module `nowhere`"),
        ("nowhere.deep.post", "there is no module `nowhere`"),
        ("posting.bluesky:post", "there is no module `posting.bluesky`"),
        ("posting.mastodon:past", "there is no `past` in module `posting.mastodon`"),
        ("posting.mastodon:Poster.past", "there is no `past`"),
    ],
)
def test_missing_handler_is_named(name: str, message: str) -> None:
    with pytest.raises(HandlerNotFound, match=message):
        load_handler(name)


def test_name_of_a_module_lacks_its_function() -> None:
    with pytest.raises(HandlerNotFound, match=r"`posting\.mastodon:function`"):
        load_handler("posting.mastodon")


def test_near_names_are_offered() -> None:
    with pytest.raises(HandlerNotFound, match="did you mean `post`"):
        load_handler("posting.mastodon:pots")


@pytest.mark.parametrize(
    ("module", "shown"),
    [
        ("broken", "line 2, in f"),
        ("broken", "ZeroDivisionError: division by zero"),
        ("needy", "No module named 'no_such_thing_at_all'"),
        ("script", "SystemExit: no module"),
        ("typo", "SyntaxError"),
    ],
)
def test_error_of_the_module_is_shown(module: str, shown: str) -> None:
    with pytest.raises(HandlerImportFailed) as caught:
        load_handler(f"{module}:post")

    assert shown in str(caught.value)
    assert "importlib" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("posting.mastodon:text", "is of type `str`"),
        ("posting:os", "is of type `module`"),
        ("posting.mastodon:needs_more", "missing a required argument: 'account'"),
    ],
)
def test_what_cannot_be_called_with_a_job_is_refused(name: str, message: str) -> None:
    with pytest.raises(HandlerNotCallable, match=message):
        load_handler(name)


# Running


def _raising(error: BaseException) -> Handler:
    def fail(job: Attempt) -> str:
        raise error

    return fail


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (ValueError("a\0b\ud800"), r"ValueError: a\x00b\ud800"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (asyncio.CancelledError(), "CancelledError"),
        (Unspeakable(), "Unspeakable: its message cannot be shown"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_whatever_is_raised_is_an_error_of_the_attempt(
    error: BaseException, text: str
) -> None:
    handled = handle(_raising(error), ATTEMPT)

    assert (handled.error, handled.remote_id) == (text, None)


def test_long_errors_are_cut() -> None:
    handled = handle(_raising(ValueError("x" * 10_000)), ATTEMPT)

    assert handled.error is not None
    assert len(handled.error) == LONGEST_ERROR
    assert handled.error.endswith("x…")


async def _fail_later(job: Attempt) -> str:
    await asyncio.sleep(0)
    raise ValueError("later")


def test_coroutine_fails_like_a_function() -> None:
    assert handle(_fail_later, ATTEMPT).error == "ValueError: later"


@pytest.mark.parametrize("returned", [7, b"id", ["id"], True])
def test_what_is_no_id_is_an_error(returned: object) -> None:
    handler: Callable[[Attempt], object] = lambda _: returned  # noqa: E731

    handled = handle(handler, ATTEMPT)  # type: ignore[arg-type]  # that is the point

    assert handled.error is not None
    assert f"`{type(returned).__name__}`" in handled.error


def test_what_no_column_holds_is_escaped_in_an_id() -> None:
    assert handle(lambda _: "a\0b\ud800", ATTEMPT).remote_id == r"a\x00b\ud800"


def test_time_is_measured() -> None:
    paused = threading.Event()

    handled = handle(lambda _: str(paused.wait(0.02)), ATTEMPT)

    assert handled.milliseconds >= 20


# Leases and pauses


def test_attempt_is_current_without_a_worker() -> None:
    assert ATTEMPT.is_current()


def test_attempt_whose_lease_has_ended_is_not_current() -> None:
    attempt = Attempt(
        id=7,
        platform="mastodon",
        content="hello",
        scheduled_at=datetime(2026, 1, 1, tzinfo=UTC),
        idempotency_key=None,
        retries=0,
        attempt_token=1,
        lease=Lease(ends_at=0.0),
    )

    assert not attempt.is_current()
    assert not attempt.lost.is_set()


def test_pauses_grow_to_a_limit() -> None:
    pauses = [pause_after(failures) for failures in range(1, 2000)]

    assert pauses[0] <= 0.1
    assert all(0 < pause <= LONGEST_PAUSE for pause in pauses)
    assert min(pauses[20:]) >= LONGEST_PAUSE / 2
    assert len(set(pauses[20:])) > 100
