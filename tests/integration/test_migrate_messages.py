"""What is said about migrations that the server refuses: the place, and a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from datalayer.errors import MigrationFailed
from datalayer.migrate import migrate

BOOK = "CREATE TABLE book (id int PRIMARY KEY, title text);\n"


@dataclass(frozen=True, slots=True)
class Case:
    """A migration, and what is said below its path."""

    name: str
    text: str
    said: str


CASES = [
    Case(
        "column_in_a_function",
        BOOK
        + "CREATE FUNCTION titles() RETURNS SETOF text LANGUAGE sql\nAS $$\n"
        + "    SELECT titel\n    FROM book\n$$;\n",
        """4:12: column `titel` does not exist
    4 |     SELECT titel
      |            ^^^^^
  help: perhaps you meant to reference the column `book.title`""",
    ),
    Case(
        "column_in_a_standard_function",
        BOOK
        + "CREATE FUNCTION titles() RETURNS SETOF text LANGUAGE sql\nBEGIN ATOMIC\n"
        + "\tSELECT '本', titel FROM book;\nEND;\n",
        """4:14: column `titel` does not exist
    4 | \tSELECT '本', titel FROM book;
      | \t             ^^^^^
  help: perhaps you meant to reference the column `book.title`""",
    ),
    Case(
        "syntax_in_a_function",
        "CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$\n"
        "BEGIN\n    RETRUN 1;\nEND $$;\n",
        """3:5: syntax error at or near `RETRUN`
    3 |     RETRUN 1;
      |     ^^^^^^
  help: did you mean `RETURN` for `RETRUN`?""",
    ),
    Case(
        "inside_a_called_function",
        "CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$\n"
        "BEGIN\n    RETURN (SELECT nothing FROM pg_class);\nEND $$;\nSELECT one();\n",
        """5:1: column `nothing` does not exist (in PL/pgSQL function one() line 3)
    5 | SELECT one();
      | ^^^^^^^^^^^^""",
    ),
    Case(
        "table_of_an_index",
        BOOK + "CREATE INDEX book_title ON bok (title);\n",
        """2:28: relation `bok` does not exist
    2 | CREATE INDEX book_title ON bok (title);
      |                            ^^^
  help: did you mean `book`?""",
    ),
    Case(
        "column_of_an_index",
        BOOK + "CREATE INDEX book_title ON book (titel);\n",
        """2:34: column `titel` does not exist
    2 | CREATE INDEX book_title ON book (titel);
      |                                  ^^^^^
  help: did you mean `title`?""",
    ),
    Case(
        "table_of_a_foreign_key",
        BOOK + "ALTER TABLE book ADD COLUMN author int REFERENCES author (id);\n",
        """2:51: relation `author` does not exist
    2 | ALTER TABLE book ADD COLUMN author int REFERENCES author (id);
      |                                                   ^^^^^^""",
    ),
    Case(
        "keyword",
        "CREATE TABEL book (id int);\n",
        """1:8: syntax error at or near `TABEL`
    1 | CREATE TABEL book (id int);
      |        ^^^^^
  help: did you mean `TABLE` for `TABEL`?""",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_migration_is_shown_with_a_remedy(
    case: Case, empty_database: str, tmp_path: Path
) -> None:
    file = tmp_path / "books" / "001_book.sql"
    file.parent.mkdir()
    file.write_text(case.text)

    with pytest.raises(MigrationFailed) as raised:
        migrate(empty_database, tmp_path)

    said = str(raised.value)
    assert said.partition(".sql:")[2] == case.said
