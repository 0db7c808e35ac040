"""`datalayer conversations rotate`: what it prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest
from typer.testing import CliRunner, Result

from datalayer.cli import app
from datalayer.domains.conversations import (
    CredentialKeys,
    create_credential,
    create_credential_key,
)

pytestmark = pytest.mark.postgres

OLD, NEW, LOST = (create_credential_key() for _ in range(3))
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str) -> Run:
    """Run the command with keys, on a database with three accounts of the old one."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name in ("a", "b", "c"):
            create_credential(
                connection,
                account_id=name,
                account_name=name,
                access_token="access",
                refresh_token="refresh",
                expires_at=datetime(2030, 1, 1, tzinfo=UTC),
                keys=CredentialKeys((OLD,)),
            )

    def run_command(keys: str | None, *arguments: str) -> Result:
        return CliRunner().invoke(
            app,
            ["conversations", "rotate", *arguments],
            env={"DATABASE_URL": database_url, "DATALAYER_CREDENTIAL_KEYS": keys},
        )

    return run_command


def test_everything_gets_the_first_key_once(run: Run) -> None:
    first = run(f"{NEW},{OLD}", "--batch", "2")
    again = run(NEW, "--json")

    assert (first.exit_code, first.stdout) == (0, "encrypted anew: 3 of 3\n")
    assert json.loads(again.stdout) == {
        "exit_code": 0,
        "examined": 3,
        "rotated": 0,
        "unreadable": [],
        "problems": [],
    }


def test_what_no_key_opens_is_named(run: Run) -> None:
    done = run(LOST)

    assert (done.exit_code, done.stdout) == (1, "encrypted anew: 0 of 3\n")
    assert "no key opens the tokens of account `a`" in done.stderr


@pytest.mark.parametrize(
    "keys",
    [None, "", f"{OLD},{NEW[:-3]}"],
    # The keys are new in each process, and names of tests must not be.
    ids=["missing", "empty", "malformed"],
)
def test_missing_and_malformed_keys_are_told_and_not_shown(
    run: Run, keys: str | None
) -> None:
    done = run(keys)

    assert done.exit_code == 1
    assert "`DATALAYER_CREDENTIAL_KEYS`" in done.stderr
    assert NEW[:8] not in done.output
    assert OLD[:8] not in done.output
