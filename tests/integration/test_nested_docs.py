"""What `docs/nested-results.md` shows is what happens."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import psycopg

from query_modules import load_modules

PAGE = Path(__file__).resolve().parents[2] / "docs" / "nested-results.md"
_BLOCK = re.compile(r"```(\w+)\n(.+?)```", re.DOTALL)


def test_the_examples_of_the_page_are_true(empty_database: str, tmp_path: Path) -> None:
    blocks = _BLOCK.findall(PAGE.read_text())
    schema, *queries = [text for language, text in blocks if language == "sql"]
    examples = [text for language, text in blocks if language == "python"]
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(schema.encode())
        loaded = load_modules(
            empty_database, tmp_path, "\n".join(queries), package="nested_docs"
        )
        names = {**vars(loaded.sync), "connection": connection, "date": date}
        for example in examples:
            exec(example, names)  # noqa: S102 - of our page

    assert len(queries) == 5
    assert len(examples) == 4
    assert loaded.generated.findings == ()
