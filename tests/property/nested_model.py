"""Queries with nested rows, and a plain model that regroups their flat rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hypothesis import strategies as st

SCHEMA = """
CREATE TABLE maker (id int PRIMARY KEY, name text, country int);
CREATE TABLE country (id int PRIMARY KEY, name text);
CREATE TABLE parent (id int PRIMARY KEY, name text, maker_id int);
CREATE TABLE child (id int PRIMARY KEY, parent_id int, name text, maker_id int);
CREATE TABLE part (child_id int, number int, name text, PRIMARY KEY (child_id, number));
CREATE TABLE prize (id int PRIMARY KEY, parent_id int, name text);
"""
QUERIES = """
-- name: embedded(salt)
-- @embed maker
-- @embed maker.country
SELECT child.id, child.name, maker.name AS maker_name, maker.id AS maker_id,
    country.name AS country_name, country.id AS country_id
FROM child
LEFT JOIN maker ON maker.id = child.maker_id
LEFT JOIN country ON country.id = maker.country
ORDER BY md5(concat(child.id, :salt::int));

-- name: both_sides(salt)
-- @embed parent
-- @embed child
SELECT parent.name AS parent_name, parent.id AS parent_id,
    child.name AS child_name, child.id AS child_id
FROM parent
FULL JOIN child ON child.parent_id = parent.id
ORDER BY md5(concat(parent.id, '-', child.id, :salt::int));

-- name: joined(salt)
-- @embed work = w_*
SELECT parent.id, child.name AS w_name, coalesce(part.name, '?') AS w_part,
    part.number AS w_number
FROM parent
LEFT JOIN (child INNER JOIN part ON part.child_id = child.id)
    ON child.parent_id = parent.id
ORDER BY md5(concat(parent.id, '-', child.id, '-', part.number, :salt::int));

-- name: names(salt)
-- @group names = child
SELECT parent.id, parent.name AS called, child.name, child.id AS number
FROM parent
LEFT JOIN child ON child.parent_id = parent.id
ORDER BY md5(concat(parent.id, '-', child.id, :salt::int));

-- name: deep(salt)
-- @group children = child
-- @embed children.maker
-- @group children.parts = part
-- @embed maker = own_*
SELECT parent.name, own.name AS own_name, parent.id, own.id AS own_id,
    child.name AS child_name, child.id AS child_id,
    maker.name AS maker_name, maker.id AS maker_id,
    part.name AS part_name, part.number AS part_number
FROM parent
LEFT JOIN maker AS own ON own.id = parent.maker_id
LEFT JOIN child ON child.parent_id = parent.id
LEFT JOIN maker ON maker.id = child.maker_id
LEFT JOIN part ON part.child_id = child.id
ORDER BY md5(concat(parent.id, '-', child.id, '-', part.number, :salt::int));

-- name: beside(salt)
-- @group children = child
-- @group children.parts = part
-- @group prizes = prize
-- @allow multiplied-groups: this is what is tried
SELECT parent.id, child.name AS child_name, child.id AS child_id,
    part.name AS part_name, part.number AS part_number,
    prize.name AS prize_name, prize.id AS prize_id
FROM parent
LEFT JOIN child ON child.parent_id = parent.id
LEFT JOIN part ON part.child_id = child.id
LEFT JOIN prize ON prize.parent_id = parent.id
ORDER BY md5(
    concat(parent.id, '-', child.id, '-', part.number, '-', prize.id, :salt::int)
);

-- name: inner_only(salt)
-- @group parts = part
SELECT child.id, child.name, part.name AS part_name
FROM child
INNER JOIN part ON part.child_id = child.id
ORDER BY md5(concat(child.id, '-', part.number, :salt::int));
"""

Flat: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Level:
    """What an object is made of, as somebody who wrote the query would say it."""

    #: Attributes and the columns that they come from.
    columns: Mapping[str, str]
    #: The columns that are its identity; empty where each row is an object.
    identity: tuple[str, ...] = ()
    #: The column that is NULL without a match.
    witness: str | None = None
    objects: Mapping[str, Level] = field(default_factory=dict)
    lists: Mapping[str, Level] = field(default_factory=dict)


def _named(prefix: str, *names: str) -> dict[str, str]:
    return {name: f"{prefix}_{name}" for name in names}


_COUNTRY = Level(_named("country", "name", "id"), witness="country_id")
_MAKER = Level(_named("maker", "name", "id"), witness="maker_id")
_PART = Level(_named("part", "name", "number"), ("part_number",), "part_number")
_CHILD = _named("child", "name", "id")
#: What each query returns.
LEVELS = {
    "embedded": Level(
        {"id": "id", "name": "name"},
        objects={"maker": Level(_MAKER.columns, (), "maker_id", {"country": _COUNTRY})},
    ),
    "both_sides": Level(
        {},
        objects={
            "parent": Level(_named("parent", "name", "id"), (), "parent_id"),
            "child": Level(_CHILD, (), "child_id"),
        },
    ),
    "joined": Level(
        {"id": "id"},
        objects={"work": Level(_named("w", "name", "part", "number"), (), "w_number")},
    ),
    "names": Level(
        {"id": "id", "called": "called"},
        ("id",),
        lists={"names": Level({"name": "name", "number": "number"}, (), "number")},
    ),
    "deep": Level(
        {"name": "name", "id": "id"},
        ("id",),
        objects={"maker": Level(_named("own", "name", "id"), (), "own_id")},
        lists={
            "children": Level(
                _CHILD,
                ("child_id",),
                "child_id",
                {"maker": _MAKER},
                {"parts": Level(_PART.columns, (), "part_number")},
            )
        },
    ),
    "beside": Level(
        {"id": "id"},
        ("id",),
        lists={
            "children": Level(
                _CHILD, ("child_id",), "child_id", lists={"parts": _PART}
            ),
            "prizes": Level(_named("prize", "name", "id"), ("prize_id",), "prize_id"),
        },
    ),
    "inner_only": Level(
        {"id": "id", "name": "name"},
        ("id",),
        lists={"parts": Level({"name": "part_name"})},
    ),
}


def regroup(level: Level, rows: Sequence[Flat]) -> list[dict[str, Any]]:
    """Return the objects that flat rows are about, in the order of the rows."""
    found: list[tuple[object, list[Flat]]] = []
    for number, row in enumerate(rows):
        if level.witness is not None and row[level.witness] is None:
            continue
        identity = tuple(row[name] for name in level.identity) or number
        same = [about for known, about in found if known == identity]
        if same:
            same[0].append(row)
        else:
            found.append((identity, [row]))
    return [_object(level, about) for _, about in found]


def _object(level: Level, rows: Sequence[Flat]) -> dict[str, Any]:
    found = {name: rows[0][column] for name, column in level.columns.items()}
    for name, inner in level.objects.items():
        one = regroup(inner, rows[:1])
        found[name] = one[0] if one else None
    for name, inner in level.lists.items():
        found[name] = regroup(inner, rows)
    return found


@dataclass(frozen=True, slots=True)
class World:
    """The rows of all tables, and what they are shuffled by."""

    tables: Mapping[str, Sequence[tuple[object, ...]]]
    salt: int


def _table(*columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Return rows with different numbers, which stand first."""
    ids = st.integers(1, 4)
    return st.lists(st.tuples(ids, *columns), max_size=4, unique_by=lambda row: row[0])


_NAMES = st.sampled_from([None, "a", "b"])
_REFERENCES = st.one_of(st.integers(1, 5), st.none())
#: Also names that are NULL, rows that refer to nothing, and equal names.
WORLDS = st.builds(
    World,
    st.fixed_dictionaries(
        {
            "country": _table(_NAMES),
            "maker": _table(_NAMES, _REFERENCES),
            "parent": _table(_NAMES, _REFERENCES),
            "child": _table(_REFERENCES, _NAMES, _REFERENCES),
            "part": st.lists(
                st.tuples(st.integers(1, 4), st.integers(1, 3), _NAMES),
                max_size=6,
                unique_by=lambda row: row[:2],
            ),
            "prize": _table(_REFERENCES, _NAMES),
        }
    ),
    st.integers(0, 1000),
)
