"""The pages about idempotent endpoints and webhooks are true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

import datalayer.domains.operations as services
from datalayer.domains.operations import begin_request, errors

pytestmark = pytest.mark.postgres

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["idempotent-endpoints.md", "webhooks.md"]


def run_page(name: str) -> dict[str, Any]:
    """Run all examples of a page, one after the other, and return what they define."""
    examples = re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    assert examples
    for example in examples:
        exec(compile(example, f"docs/{name}", "exec"), names)  # noqa: S102 (the page)
    return names


@pytest.fixture
def at_hand(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database that the examples use, by its URL."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url


@pytest.mark.usefixtures("at_hand")
def test_the_examples_of_idempotent_endpoints_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_page("idempotent-endpoints.md")

    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["published hello", "(201, {'id': 7})", "(200, {'id': 7})"]
    assert lines[3].startswith("(422, ")
    assert lines[4:6] == ["409", "True"]
    assert "abandoned" in lines[6]
    assert lines[7:] == ["True"]


def test_a_run_that_fails_may_be_repeated(at_hand: str) -> None:
    answer = run_page("idempotent-endpoints.md")["answer"]

    def fail(request: object) -> object:
        raise ValueError(f"no text in {request}")

    with psycopg.connect(at_hand) as connection:
        failed = answer(connection, "key-5", {}, fail)
        repeated = answer(connection, "key-5", {}, str)

    assert failed == (400, "no text in {}")
    assert repeated == (201, "{}")


async def test_the_endpoint_with_starlette_answers(at_hand: str) -> None:
    app = run_page("idempotent-endpoints.md")["app"]
    with psycopg.connect(at_hand, autocommit=True) as connection:
        begin_request(connection, key="posts:busy")

    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://test"
        ) as client,
    ):

        async def post(key: str, text: str) -> tuple[int, object]:
            headers = {"Idempotency-Key": key} if key else {}
            sent = await client.post("/posts", json={"text": text}, headers=headers)
            return sent.status_code, sent.json()

        first = await post("key", "hello")
        second = await post("key", "hello")
        other = await post("key", "goodbye")
        busy = await post("busy", "hello")
        keyless = await post("", "hello")

    assert first == (201, {"id": 8, "text": "hello"})
    assert second == (200, {"id": 8, "text": "hello"})
    assert (other[0], busy[0], keyless[0]) == (422, 409, 400)


@pytest.mark.usefixtures("at_hand")
def test_the_examples_of_webhooks_run(capsys: pytest.CaptureFixture[str]) -> None:
    run_page("webhooks.md")

    assert capsys.readouterr().out.splitlines() == [
        "{'event': 'published'}",
        "204",
        "409",
        "401",
        "400",
        "1",
    ]


def test_a_message_that_could_not_be_acted_on_is_accepted_again(
    at_hand: str,
) -> None:
    page = run_page("webhooks.md")
    acted: list[object] = []

    def fail(_: object) -> None:
        raise ZeroDivisionError

    with psycopg.connect(at_hand, autocommit=True) as connection:
        headers = page["send"](page["get_clock_ms"](connection), "nonce", b"{}")
        with pytest.raises(ZeroDivisionError):
            page["receive"](connection, headers, b"{}", fail)
        status = page["receive"](connection, headers, b"{}", acted.append)

    assert (status, acted) == (204, [{}])


@pytest.mark.parametrize("name", PAGES)
def test_what_the_pages_name_exists(name: str) -> None:
    """Errors by their class, services and results by their name."""
    text = re.sub(r"```.*?```", "", (DOCS / name).read_text(), flags=re.DOTALL)
    known = {*vars(errors), *services.__all__, "SerializationFailure"}
    named = set(
        re.findall(r"`([a-z]+_(?:request|nonces?)|[A-Z][a-z]+[A-Za-z]*)`", text)
    )

    assert named
    assert named <= known
