"""No secret is left in what a server keeps and writes: logs, statistics and dumps."""

from __future__ import annotations

import contextlib
import subprocess
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from datalayer.domains import conversations
from datalayer.domains.conversations import CredentialKeys, SlackSettings, errors
from datalayer.domains.conversations.received import ReceivedRequest, ReceivedResponse
from datalayer.domains.conversations.requests import store_request, store_response
from datalayer.errors import DataLayerError
from datalayer.migrate import migrate
from datalayer.server import Server, create_database, find_client, use_server
from server_processes import copy_server, open_folder

pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]

MIGRATIONS = Path(__file__).parents[2] / "migrations"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: Everything that a server can be told to write.
_SETTINGS = """
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track = 'all'
log_statement = 'all'
log_min_messages = 'debug1'
log_min_error_statement = 'debug1'
log_min_duration_statement = 0
log_duration = on
log_error_verbosity = 'verbose'
log_parameter_max_length = -1
log_parameter_max_length_on_error = -1
log_line_prefix = '%m [%p] '
"""
#: The shortest piece of a secret that would tell something.
_PIECE = 8
_ACCESS = "oat01-AccessTokenNobodyMaySee"
_REFRESH = "ort01-RefreshTokenNobodyMaySee"
_NEWER = "oat02-NewerTokenNobodyMaySee"
_HOOK = "https://hooks.example/services/T0HookNobodyMaySee"
_SENT = "sk-ant-api03-SentKeyNobodyMaySee-abcdef"
_COOKIE = "session=CookieNobodyMaySee"


@dataclass
class Secrets:
    """What must not be found, and where the errors of services were shown."""

    texts: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, text: str, *shown: str) -> None:
        """Remember a secret, without the ends that may be shown of it."""
        for end in shown:
            text = text.removeprefix(end).removesuffix(end)
        self.texts.append(text)

    def found_in(self, place: str) -> list[str]:
        return [
            secret[at : at + _PIECE]
            for secret in self.texts
            for at in range(len(secret) - _PIECE + 1)
            if secret[at : at + _PIECE] in place
        ]

    @contextlib.contextmanager
    def caught(self, *kinds: type[Exception]) -> Iterator[None]:
        """Remember all that is shown of an error which nobody catches."""
        try:
            yield
        except kinds as error:
            shown = "".join(traceback.format_exception(error))
            self.errors.append(shown + repr(error) + repr(vars(error)))
        else:
            pytest.fail(f"no {kinds} was raised")


@dataclass(frozen=True)
class Traces:
    """What a server has kept of some calls, by where it was."""

    secrets: Secrets
    places: dict[str, str]


@pytest.fixture(scope="module")
def telling(prepared_server: Path) -> Iterator[Server]:
    """A server that writes all that it can be told to write."""
    with open_folder() as parent:
        folder = copy_server(prepared_server, parent / "telling")
        with (folder / "data" / "postgresql.auto.conf").open("a") as settings:
            settings.write(_SETTINGS)
        with use_server(folder) as server:
            yield server


@pytest.fixture(scope="module")
def traces(telling: Server) -> Traces:
    """What is left of every service that is given a secret, and of its errors."""
    url = create_database(telling.url(), "traces")
    migrate(url, MIGRATIONS, components=["conversations"])
    secrets = Secrets()
    with (
        psycopg.connect(url, autocommit=True) as connection,
        psycopg.connect(url, autocommit=True) as watcher,
    ):
        watcher.execute("CREATE EXTENSION pg_stat_statements")
        active = []
        for step in (_keys, _credentials, _webhooks, _requests):
            step(connection, secrets)
            active.append(_all(watcher, "SELECT query FROM pg_stat_activity"))
        statements = _all(watcher, "SELECT query FROM pg_stat_statements")
    dump = subprocess.run(
        [find_client("pg_dump"), url], capture_output=True, text=True, check=True
    )
    log = (telling.folder / "postgresql.log").read_text()
    return Traces(
        secrets,
        {
            "activity": "\n".join(active),
            "dump": dump.stdout,
            "errors": "\n".join(secrets.errors),
            "log": log,
            "statements": statements,
        },
    )


def _all(connection: Connection, statement: str) -> str:
    return "\n".join(str(row[0]) for row in connection.execute(statement))


@contextlib.contextmanager
def refusing(connection: Connection, table: str) -> Iterator[None]:
    """Let the server refuse every row, and say which one it refuses."""
    connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT no CHECK (FALSE) NOT VALID")
    yield
    connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT no")


def _keys(connection: Connection, secrets: Secrets) -> None:
    conversations.create_train(
        connection, train_id="blue", name="Blue", owner="ada@x", added_by="x"
    )
    new = conversations.create_api_key(connection, train_id="blue", name="laptop")
    secrets.add(new.key, new.row.key_prefix, new.row.key_suffix)
    conversations.verify_api_key(connection, key=new.key)
    wrong = new.key[:-12] + "A" * 12
    assert conversations.verify_api_key(connection, key=wrong) is None
    with (
        refusing(connection, "train_api_keys"),
        secrets.caught(psycopg.errors.CheckViolation),
    ):
        conversations.create_api_key(connection, train_id="blue")
        with secrets.caught(psycopg.errors.CheckViolation):
            conversations.verify_api_key(
                connection, key=new.key, now=NOON.replace(year=2099)
            )
    connection.execute("SET default_transaction_read_only = on")
    with secrets.caught(psycopg.errors.ReadOnlySqlTransaction):
        conversations.verify_api_key(connection, key=new.key)
    connection.execute("RESET default_transaction_read_only")
    conversations.revoke_api_key(connection, train_id="blue", key_id=new.row.id)
    conversations.delete_api_key(connection, train_id="blue", key_id=new.row.id)


def _credentials(connection: Connection, secrets: Secrets) -> None:
    old, new, other = (conversations.create_credential_key() for _ in range(3))
    for text in (old, new, other, _ACCESS, _REFRESH, _NEWER):
        secrets.add(text)
    given: dict[str, Any] = {"account_id": "a", "expires_at": NOON}
    tokens: dict[str, Any] = {"access_token": _ACCESS, "refresh_token": _REFRESH}
    keys, both = CredentialKeys((old,)), CredentialKeys((new, old))

    def create() -> None:
        conversations.create_credential(
            connection, account_name="A", keys=keys, **given, **tokens
        )

    with (
        refusing(connection, "anthropic_credentials"),
        secrets.caught(psycopg.errors.CheckViolation),
    ):
        create()
    create()
    with secrets.caught(errors.CredentialExists):
        create()
    found = conversations.find_credential(connection, account_id="a", keys=keys)
    assert found.access_token == _ACCESS
    with secrets.caught(errors.CredentialKeyWrong):
        wrong = CredentialKeys((other,))
        conversations.find_credential(connection, account_id="a", keys=wrong)
    conversations.link_account(connection, train_id="blue", account_id="a")
    conversations.find_train_credential(
        connection, train_id="blue", account_name="A", keys=keys
    )
    conversations.rotate_credentials(connection, keys=both)
    newer = given | {"access_token": _NEWER, "refresh_token": _REFRESH}
    with (
        refusing(connection, "anthropic_credentials"),
        secrets.caught(psycopg.errors.CheckViolation),
    ):
        conversations.update_tokens(connection, keys=both, **newer)
    conversations.update_tokens(connection, keys=both, **newer)


def _webhooks(connection: Connection, secrets: Secrets) -> None:
    secrets.add(_HOOK, "https://hooks.example/services/")
    keys = CredentialKeys((conversations.create_credential_key(),))
    slack = SlackSettings(webhook_url=_HOOK)
    arguments: dict[str, Any] = {"slack": slack, "keys": keys}
    new = arguments | {
        "train_id": "red",
        "name": "Red",
        "owner": "ada@x",
        "added_by": "x",
    }
    with (
        refusing(connection, "trains"),
        secrets.caught(psycopg.errors.CheckViolation),
    ):
        conversations.create_train(connection, **new)
    conversations.create_train(connection, **new)
    conversations.update_train(connection, train_id="blue", **arguments)
    conversations.find_slack_webhook(connection, train_id="blue", keys=keys)


def _requests(connection: Connection, secrets: Secrets) -> None:
    secrets.add(_SENT, _SENT[-6:])
    secrets.add(_COOKIE, "session=")
    headers = {
        "Authorization": f"Bearer {_SENT}",
        "X-Api-Key": _SENT,
        "Cookie": _COOKIE,
    }
    request = ReceivedRequest(
        request_id=UUID(int=1),
        timestamp=NOON,
        train_id="blue",
        path=f"/v1/messages?key={_SENT}",
        headers=headers,
        body={"messages": [{"role": "user", "content": "hello"}]},
    )
    with (
        refusing(connection, "api_requests"),
        secrets.caught(psycopg.Error, DataLayerError),
    ):
        store_request(connection, request=request)
    store_request(connection, request=request)
    store_response(
        connection,
        request_id=UUID(int=1),
        response=ReceivedResponse(status=200, headers={"Set-Cookie": _COOKIE}),
    )


@pytest.mark.parametrize("place", ["activity", "dump", "errors", "log", "statements"])
def test_no_piece_of_a_secret_is_left(traces: Traces, place: str) -> None:
    assert traces.secrets.found_in(traces.places[place]) == []


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("activity", "/* conversations.delete_api_key */"),
        ("dump", "COPY public.train_members"),
        ("dump", "gAAAAA"),
        ("errors", "Failing row contains"),
        ("errors", "CredentialKeyWrong"),
        ("log", "gAAAAA"),
        ("log", "/* conversations.create_api_key */"),
        ("log", "Failing row contains"),
        ("statements", "UPDATE /* conversations."),
    ],
)
def test_what_is_no_secret_is_found(traces: Traces, place: str, expected: str) -> None:
    """So that the places are looked at where secrets would be."""
    assert expected in traces.places[place]


@pytest.mark.parametrize(
    "statement", ["SELECT %s", "SELECT %s::integer", "SELECT 'literally'"]
)
def test_a_secret_that_is_sent_is_found(telling: Server, statement: str) -> None:
    secrets = Secrets(["literally", "as-a-parameter"])

    with (
        psycopg.connect(telling.url(), autocommit=True) as connection,
        contextlib.suppress(psycopg.errors.InvalidTextRepresentation),
    ):
        connection.execute(statement, ["as-a-parameter"] if "%s" in statement else None)

    assert secrets.found_in((telling.folder / "postgresql.log").read_text())
