"""Rows that refer to each other, and their changes, without a server."""

from __future__ import annotations

from random import Random

from datalayer.proving.model import Candidates, ForeignKey, Row, Table, TableColumn
from datalayer.proving.worlds import choices, edited, linked, random_row


def column(name: str, *values: str, accepts_null: bool = False) -> TableColumn:
    return TableColumn(
        name,
        type_oid=23,
        type_name="integer",
        accepts_null=accepts_null,
        has_default=False,
        is_identity=False,
        is_key=name == "id",
        candidates=Candidates(values, ("-1",)),
    )


OWNER = Table(1, "owner", (column("id", "7", "8"),))
PET = Table(
    2,
    "pet",
    (column("owner", "1"), column("age", "3", accepts_null=True)),
    (ForeignKey(("owner",), 1, ("id",)),),
)


def test_a_row_refers_to_one_that_is_there() -> None:
    rows = [Row(OWNER, {"id": "7"}), Row(OWNER, {"id": "8"})]

    assert linked(PET, {"age": "3"}, (1,), rows) == {"age": "3", "owner": "8"}
    assert linked(PET, {"owner": "1"}, (1,), []) == {"owner": "1"}


def test_a_row_without_edges_has_common_values() -> None:
    made = [random_row(OWNER, [], Random(each), edges=0.0) for each in range(50)]

    assert {row["id"] for row in made} == {"7", "8"}


def test_one_choice_in_a_few_is_no_value() -> None:
    many = column("age", *map(str, range(40)), accepts_null=True)

    found = choices(many)

    assert found.count(()) * 8 > len(found)


def test_an_edit_changes_one_column_of_one_row() -> None:
    row = Row(PET, {"owner": "7", "age": "3"})

    (kept,) = edited([row], ())
    (changed,) = edited([row], ((0, 1),))

    assert kept == row
    assert changed.values == {"owner": "7"}
