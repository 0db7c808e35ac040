"""Which foreign keys an outer join may count on, and in which statements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from nullability_reading import TRUTHS
from nullability_running import Databases, infer_case, open_databases

from datalayer.codegen import catalog_questions
from datalayer.codegen.catalog import Catalog
from datalayer.server import Server

#: What keeps a key from being counted on, and a query that is wrong without it.
CONDITIONS = {
    "AND NOT condeferrable": "key_deferred",
    "AND convalidated": "key_not_valid",
    "AND tgenabled NOT IN ('O', 'A')": "key_disabled",
    "OR NOT (SELECT relispartition FROM pg_catalog.pg_class WHERE oid = confrelid)": (
        "key_of_one_partition"
    ),
}
JOIN = "SELECT c.name FROM town AS t LEFT JOIN country AS c ON c.code = t.country"


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    with open_databases(server) as opened:
        yield opened


def is_nullable(databases: Databases, query: str) -> bool:
    """Return whether the first column is nullable, asking the catalogue again."""
    asked = replace(databases, catalog=Catalog(databases.full))
    return infer_case(asked, query).columns[0].nullable


@pytest.mark.parametrize("condition", CONDITIONS, ids=CONDITIONS.get)
def test_key_that_does_not_hold_is_noticed(
    condition: str, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = catalog_questions.REFERENCES
    query = TRUTHS[f"column {CONDITIONS[condition]}"].query
    trusting = {"AND tgenabled NOT IN ('O', 'A')": "AND false"}.get(condition, "")
    if condition.startswith("OR "):
        trusting = "OR true"
    assert question.count(condition) == 1
    assert is_nullable(databases, query)

    asked = question.replace(condition, trusting)
    monkeypatch.setattr(catalog_questions, "REFERENCES", asked)

    assert not is_nullable(databases, query)


@pytest.mark.parametrize(
    "query",
    [
        f"{JOIN} FOR UPDATE OF t",
        f"SELECT name FROM ({JOIN} FOR SHARE OF t) AS s",
        f"WITH gone AS (DELETE FROM toy RETURNING pet) {JOIN}",
        f"UPDATE toy SET label = s.name FROM ({JOIN}) AS s RETURNING s.name",
        f"INSERT INTO toy SELECT 1, 2, s.name FROM ({JOIN}) AS s RETURNING label",
    ],
    ids=["locks", "locks inside", "changes before", "updates", "inserts"],
)
def test_key_counts_only_where_nothing_is_changed_or_locked(
    query: str, databases: Databases
) -> None:
    assert not is_nullable(databases, JOIN)

    assert is_nullable(databases, query)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE country ENABLE ROW LEVEL SECURITY",
        "CREATE RULE keep AS ON DELETE TO town DO INSTEAD NOTHING",
        "ALTER TABLE town ALTER CONSTRAINT town_country_fkey DEFERRABLE",
        "ALTER TABLE town DISABLE TRIGGER ALL",
    ],
    ids=["policies", "rules", "deferrable", "disabled triggers"],
)
def test_change_of_the_schema_takes_the_key_away(
    change: str, databases: Databases
) -> None:
    with databases.full.transaction(force_rollback=True):
        databases.full.execute(change.encode())

        assert is_nullable(databases, JOIN)


def test_body_of_a_function_does_not_count_on_keys(databases: Databases) -> None:
    with databases.full.transaction(force_rollback=True):
        databases.full.execute(
            f"CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql AS '{JOIN}'"
        )

        assert is_nullable(databases, "SELECT * FROM names()")


def test_stored_view_may_be_older_than_the_key(databases: Databases) -> None:
    with databases.full.transaction(force_rollback=True):
        databases.full.execute(f"CREATE MATERIALIZED VIEW old_names AS {JOIN}")

        assert is_nullable(databases, "SELECT name FROM old_names")
