"""What `docs/violations.md` shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg.errors import CheckViolation

import datalayer
from query_modules import load_modules

PAGE = (Path(__file__).parents[2] / "docs" / "violations.md").read_text()
BLOCKS = re.findall(r"^```(sql|python)\n(.*?)^```$", PAGE, re.M | re.S)
SCHEMA, QUERIES = (text for kind, text in BLOCKS if kind == "sql")
CAUGHT, RETRIED = (text for kind, text in BLOCKS if kind == "python")


def test_the_page_is_true(empty_database: str, tmp_path: Path) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        module = load_modules(
            empty_database, tmp_path, QUERIES, package="violations_docs"
        ).sync
        names: dict[str, Any] = {
            **vars(module),
            "IsolationLevel": IsolationLevel,
            "connection": connection,
            "datalayer": datalayer,
            "url": empty_database,
        }
        exec(CAUGHT, names)  # noqa: S102 - the page
        connection.execute("INSERT INTO member VALUES ('bob@example.org', 0)")
        exec(RETRIED, names)  # noqa: S102 - the page
        rows = connection.execute("SELECT email, balance FROM member ORDER BY email")

        assert rows.fetchall() == [("ada@example.org", 5), ("bob@example.org", 5)]
    assert names["taken"] == "Ada@example.org"
    assert names["by"] == "idx_member_email_lower"
    assert isinstance(names["cause"], CheckViolation)
