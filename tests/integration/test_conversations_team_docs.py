"""The pages about trains, keys and isolation are true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datalayer.domains import conversations

pytestmark = pytest.mark.postgres

DOCS = Path(__file__).parents[2] / "docs"
_EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
_CALL = re.compile(r"`(\w+)`")


def examples(page: str) -> list[tuple[str, str]]:
    return _EXAMPLE.findall((DOCS / page).read_text())


@pytest.fixture
def surroundings(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[psycopg.Connection]:
    """What the pages ask for: a database, a key, and a role."""
    key = conversations.create_credential_key()
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DATALAYER_CREDENTIAL_KEYS", key)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE web")
        yield connection
        connection.execute("DROP OWNED BY web")
        connection.execute("DROP ROLE web")


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("page", ["teams-and-keys.md", "train-isolation.md"])
def test_examples_print_what_the_page_says(
    capsys: pytest.CaptureFixture[str], page: str
) -> None:
    found = examples(page)
    assert found

    for code, printed in found:
        exec(compile(code, page, "exec"), {})  # noqa: S102 (the page)

        assert capsys.readouterr().out == printed


def test_a_proxy_verifies_a_key_and_enters_its_train(
    surroundings: psycopg.Connection,
) -> None:
    text = (DOCS / "train-isolation.md").read_text()
    [code] = re.findall(r"```python\n(def serve.*?)```", text, re.DOTALL)
    [statements] = re.findall(r"```sql\n(CREATE ROLE proxy.*?)```", text, re.DOTALL)
    module = {"conversations": conversations}
    exec(compile(code, "train-isolation.md", "exec"), module)  # noqa: S102 (the page)
    serve: Any = module["serve"]
    for train in ("blue", "red"):
        conversations.create_train(
            surroundings, train_id=train, name=train, owner=train, added_by="me"
        )
    key = conversations.create_api_key(surroundings, train_id="red").key
    conversations.enable_train_isolation(surroundings, role="web")
    for statement in statements.split(";\n"):
        surroundings.execute(statement)

    surroundings.execute("SET SESSION AUTHORIZATION proxy")
    served = serve(surroundings, key)
    refused = serve(surroundings, key[:-1])
    surroundings.execute("RESET SESSION AUTHORIZATION")
    surroundings.execute("DROP OWNED BY proxy; DROP ROLE proxy")

    assert [member.email for member in served] == ["red"]
    assert refused is None


def test_every_service_of_trains_and_keys_is_in_a_table() -> None:
    text = (DOCS / "teams-and-keys.md").read_text()
    rows = [line.split("|")[1] for line in text.split("\n") if line.startswith("| `")]
    named = {name for row in rows for name in _CALL.findall(row)}

    modules = ("api_keys", "credentials", "members", "rotation", "trains")
    services = {
        name
        for name in conversations.__all__
        if getattr(getattr(conversations, name), "__module__", "").endswith(modules)
    }
    assert services - named == set()
    assert named - set(conversations.__all__) == {
        "pg_stat_activity",
        "pg_stat_statements",
        "repr",
    }
