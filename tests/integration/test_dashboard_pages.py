"""The pages of the dashboard, on a real database."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape

import httpx
import psycopg
import pytest
from dashboard_client import PATIENT, open_dashboard
from starlette.types import Message

from automation_data import (
    seed_executions,
    seed_history,
    seed_story,
    seed_workers,
)
from datalayer.dashboard.application import create_application
from datalayer.dashboard.source import Source, SourceSettings


@pytest.fixture
def settings(database_url: str) -> SourceSettings:
    return SourceSettings(database_url, patience=PATIENT, statement_timeout=PATIENT)


@pytest.fixture
async def client(settings: SourceSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with open_dashboard(settings) as opened:
        yield opened


@pytest.fixture
def seeded(connection: psycopg.Connection) -> psycopg.Connection:
    """Two days of automation, of which the older hours are stored."""
    seed_workers(connection)
    seed_history(connection, hours=48)
    connection.execute("SELECT * FROM datalayer_maintain()")
    connection.commit()
    return connection


def _text(response: httpx.Response) -> str:
    """Return what a reader sees, with single spaces."""
    body = re.sub(r"<title>.*?</title>", " ", response.text)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def _count(connection: psycopg.Connection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


# The overview


async def test_overview_counts_what_the_tables_hold(
    seeded: psycopg.Connection, client: httpx.AsyncClient
) -> None:
    executions = _count(
        seeded,
        "SELECT count(*) FROM execution_history WHERE operation = 'INSERT' "
        "AND time >= date_trunc('hour', now() - interval '24 hours')",
    )
    events = _count(
        seeded,
        "SELECT count(*) FROM event "
        "WHERE created >= date_trunc('hour', now() - interval '24 hours')",
    )

    response = await client.get("/")

    text = _text(response)
    assert response.status_code == 200
    assert f"Executions {executions:,}" in text
    assert f"Events {events:,}" in text
    assert "The first hour is counted whole" in text
    assert text.count("Show as a table") == 4


async def test_overview_filters_by_action(
    seeded: psycopg.Connection, client: httpx.AsyncClient
) -> None:
    count = _count(
        seeded,
        "SELECT count(*) FROM execution_history WHERE operation = 'INSERT' "
        "AND entity_ref = 'mail.send' "
        "AND time >= date_trunc('hour', now() - interval '6 hours')",
    )

    text = _text(await client.get("/?hours=6&action_ref=mail.send"))

    assert f"Executions {count:,}" in text
    assert "crm.sync" not in text
    assert "of all actions" in text


async def test_overview_shows_a_range_in_the_past(
    seeded: psycopg.Connection, client: httpx.AsyncClient
) -> None:
    response = await client.get("/?since=2001-01-01T00:30&until=2001-01-02")

    text = _text(response)
    assert response.status_code == 200
    assert "Mon 1 Jan 2001, 00:30 to Tue 2 Jan 2001, 00:00 UTC" in text
    assert "Executions 0" in text
    assert "The last hour" not in text


async def test_workers_that_need_a_look_come_first(
    seeded: psycopg.Connection, client: httpx.AsyncClient
) -> None:
    seeded.execute(
        "UPDATE worker SET last_heartbeat = now() + interval '1 day' "
        "WHERE name IN ('eu-west-1a', 'eu-west-1b', 'eu-west-2')"
    )
    seeded.commit()

    text = _text(await client.get("/"))

    assert "Healthy workers 2 of 6 registered" in text
    order = ["eu-west-1b", "office-sensor", "old-rack", "us-east-1", "eu-west-1a"]
    # Names may break at their punctuation, which makes spaces of it here.
    places = [text.index(name.replace("-", "- ")) for name in order]
    assert places == sorted(places)
    assert "silent, active" in text


async def test_an_empty_database_is_no_error(client: httpx.AsyncClient) -> None:
    response = await client.get("/")

    assert response.status_code == 200
    assert "Nothing here yet" in _text(response)


@pytest.mark.parametrize(
    "address",
    [
        "/?hours=0",
        "/?hours=many",
        "/?since=2026-13-01",
        "/?since=2999-01-01",
        "/?since=2026-01-02&until=2026-01-01",
        "/?action_ref=%00",
        "/search?q=%00",
        "/execution/1?before=x",
    ],
)
async def test_wrong_parameters_are_explained(
    client: httpx.AsyncClient, address: str
) -> None:
    response = await client.get(address)

    assert response.status_code == 400
    assert "must be" in _text(response)
    assert "Start from the overview" in _text(response)


# Executions and workers


async def test_execution_tells_its_past(
    seeded: psycopg.Connection, client: httpx.AsyncClient
) -> None:
    number = seed_story(seeded)

    text = _text(await client.get(f"/execution/{number}"))

    assert f"Execution {number} failed invoice.render" in text
    assert "scheduled 7 min 46 s" in text
    assert "running 40 min 20 s" in text
    assert "status running → failed" in text
    assert "result NULL → object, 48.2 kB, md5 9f1c2d7b…" in text
    assert "inputs.retries.left 2 → 1" in text
    assert "skipped" not in text.split("Became running")[0]
    assert "<script>alert('no')</script>" in text


async def test_long_histories_have_pages(
    connection: psycopg.Connection, client: httpx.AsyncClient
) -> None:
    seed_workers(connection)
    for number in range(60):
        connection.execute(
            "UPDATE worker SET port = %s WHERE name = 'old-rack'", (8000 + number,)
        )
        connection.commit()
    (number,) = connection.execute(
        "SELECT id FROM worker WHERE name = 'old-rack'"
    ).fetchone() or (0,)

    first = await client.get(f"/worker/{number}")
    link = re.search(r'href="(/worker/\d+\?before=\d+)"', first.text)
    assert link is not None
    second = await client.get(link[1])

    assert "62 changes" in _text(first)
    ports = re.findall(r"→ (80\d\d)", _text(first) + _text(second))
    assert ports == [str(8059 - each) for each in range(60)]
    assert "Older changes" not in _text(second)
    assert "Created" in _text(second)


async def test_deleted_entities_keep_their_history(
    connection: psycopg.Connection, client: httpx.AsyncClient
) -> None:
    (number, *_) = seed_executions(connection, count=1)
    connection.execute("DELETE FROM execution WHERE id = %s", (number,))
    connection.commit()

    response = await client.get(f"/execution/{number}")

    text = _text(response)
    assert response.status_code == 200
    assert f"Execution {number} deleted mail.send" in text
    assert text.index("Deleted") < text.index("Became completed")


@pytest.mark.parametrize(
    "address",
    ["/execution/1", "/worker/1", "/execution/x", f"/worker/{2**63}", "/nowhere"],
)
async def test_what_is_unknown_is_not_found(
    client: httpx.AsyncClient, address: str
) -> None:
    response = await client.get(address)

    assert response.status_code == 404
    assert "Not found" in _text(response)


async def test_search_goes_to_the_only_match(
    connection: psycopg.Connection, client: httpx.AsyncClient
) -> None:
    (number, *_) = seed_executions(connection, count=1)

    response = await client.get(f"/search?q={number}")

    assert response.status_code == 303
    assert response.headers["location"] == f"/execution/{number}"


async def test_search_finds_names(
    connection: psycopg.Connection, client: httpx.AsyncClient
) -> None:
    seed_workers(connection)
    seed_executions(connection, count=12)

    workers = await client.get("/search", params={"q": "EU-west"})
    actions = await client.get("/search", params={"q": "mail.send"})
    nothing = await client.get("/search", params={"q": "100%_"})

    assert workers.text.count('href="/worker/') == 3
    assert actions.text.count('href="/execution/') == 2
    assert 'href="/?action_ref=mail.send"' in actions.text
    assert "Nothing found for" in _text(nothing)


# Answers


async def test_answers_allow_nothing_from_elsewhere(
    client: httpx.AsyncClient,
) -> None:
    for address in ("/", "/static/dashboard.css", "/nowhere", "/?hours=0"):
        response = await client.get(address)
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "script" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"


async def test_pages_have_no_script_and_no_foreign_address(
    seeded: psycopg.Connection, client: httpx.AsyncClient
) -> None:
    number = seed_story(seeded)
    for address in ("/", f"/execution/{number}", "/search?q=eu-west"):
        page = (await client.get(address)).text
        assert not re.search(r"<script|\son[a-z]+=|\sstyle=", page)
        assert not re.search(r"(?:href|src|action)=\"(?![/#])", page)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
async def test_other_hosts_are_refused(client: httpx.AsyncClient, host: str) -> None:
    response = await client.get("/", headers={"Host": host})

    assert response.status_code == 400
    assert "Automation" not in response.text


@pytest.mark.parametrize("host", ["localhost:8321", "[::1]:8321", "127.0.0.1"])
async def test_this_machine_is_answered(client: httpx.AsyncClient, host: str) -> None:
    response = await client.get("/nowhere", headers={"Host": host})

    assert response.status_code == 404


async def test_a_slow_answer_begins_with_its_frame(
    seeded: psycopg.Connection, settings: SourceSettings
) -> None:
    application = create_application(settings, grace=0)
    messages: asyncio.Queue[Message] = asyncio.Queue()
    scope = {
        "type": "http", "method": "GET", "path": "/", "raw_path": b"/",
        "query_string": b"", "headers": [(b"host", b"localhost")],
        "http_version": "1.1", "scheme": "http",
        "server": None, "client": None, "root_path": "",
        "asgi": {"version": "3.0"},
    }  # fmt: skip

    async def receive() -> Message:
        nothing: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await nothing

    async with application.router.lifespan_context(application):
        # Nobody reads the workers before this is committed.
        seeded.execute("LOCK TABLE worker IN ACCESS EXCLUSIVE MODE")
        request = asyncio.create_task(application(scope, receive, messages.put))
        start, frame = await messages.get(), await messages.get()
        assert start["status"] == 200
        assert b"Reading the database" in frame["body"]
        assert b'class="tiles"' in frame["body"]
        assert b"Throughput" not in frame["body"]
        seeded.commit()
        content = await messages.get()
        await request

    assert b"Throughput" in content["body"]
    assert content["body"].rstrip().endswith(b"</html>")


# Trouble


async def test_a_question_that_takes_too_long_is_given_up(
    seeded: psycopg.Connection, settings: SourceSettings
) -> None:
    seeded.execute("LOCK TABLE execution_history IN ACCESS EXCLUSIVE MODE")

    async with open_dashboard(replace(settings, statement_timeout=0.2)) as client:
        response = await client.get("/?hours=6")

    assert response.status_code == 503
    assert "given up after 0.2 seconds" in _text(response)
    assert "datalayer maintain" in _text(response)
    assert 'href="/?hours=6"' in response.text


async def test_missing_tables_are_named_with_their_remedy(
    empty_database: str, settings: SourceSettings
) -> None:
    async with open_dashboard(replace(settings, url=empty_database)) as client:
        response = await client.get("/")

    assert response.status_code == 503
    assert "datalayer migrate up automation" in _text(response)


async def test_a_database_that_goes_away_is_told_without_its_password(
    database_url: str, settings: SourceSettings
) -> None:
    url = psycopg.conninfo.make_conninfo(database_url, password="secret-word")
    async with open_dashboard(replace(settings, url=url, patience=1)) as client:
        assert (await client.get("/")).status_code == 200
        with psycopg.connect(database_url, dbname="postgres", autocommit=True) as other:
            name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
            other.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            response = await client.get("/")
            other.execute(f'CREATE DATABASE "{name}"')

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert "cannot be reached" in _text(response)
    assert "Try again" in _text(response)
    assert "secret-word" not in response.text
    assert "Traceback" not in response.text


async def test_connections_cannot_write(settings: SourceSettings) -> None:
    source = Source(settings)
    async with source.opened():
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            async with source.snapshot() as connection:
                await connection.execute("DELETE FROM worker")
        async with source.snapshot() as connection:
            cursor = await connection.execute(
                "SELECT current_setting('default_transaction_read_only'), "
                "current_setting('transaction_isolation'), "
                "current_setting('timezone')"
            )
            assert await cursor.fetchone() == ("on", "repeatable read", "UTC")
