"""Random programs, biased to values that are easily mistaken for each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, TypeVar

from history_columns import KEYS, TABLES, Column, Table
from history_language import (
    Assigned,
    Batch,
    Begin,
    Changes,
    Commit,
    Copy,
    Delete,
    Excluded,
    Failing,
    Failure,
    Insert,
    Isolation,
    Merge,
    Program,
    Release,
    Rollback,
    RollbackTo,
    Row,
    Same,
    Savepoint,
    Settings,
    Statement,
    Step,
    Tidy,
    Update,
    Writing,
)
from history_values import FAMILIES, LARGE, NULL, Value, document, scalars
from hypothesis import strategies as st

_T = TypeVar("_T")

_SETTINGS: dict[str, tuple[str, ...]] = {
    "session_replication_role": ("origin", "replica"),
    "timezone": ("'UTC'", "'Asia/Kathmandu'", "'America/St_Johns'", "'Pacific/Apia'"),
    "datestyle": ("'ISO, MDY'", "'SQL, DMY'", "'German, DMY'", "'Postgres, DMY'"),
    "intervalstyle": ("'postgres'", "'sql_standard'", "'iso_8601'"),
    "search_path": (
        "public",
        "decoy, public",
        "decoy, pg_catalog, public, pg_temp",
        "pg_temp, decoy, pg_catalog",
        "''",
    ),
    "standard_conforming_strings": ("on", "off"),
    "transform_null_equals": ("off", "on"),
    "extra_float_digits": ("1", "-15"),
}
_SAME_DOCUMENT = ("{0}", "{0}::text::jsonb", "{0} #> '{{}}'")
_SAVEPOINTS = ("a", "b")
#: Which tables a program is about.
_TABLES = ((TABLES[0],), (TABLES[1],), (TABLES[0],), TABLES)

_LEAVES = (
    "null",
    "true",
    "0",
    "1",
    "1.0",
    "2e0",
    "-1.50",
    '"a"',
    '"\\u00e9"',
    '"$json"',
)


def _written(random: Random, depth: int) -> str:
    """A document of any form, as it may be written."""
    inside = [
        _written(random, depth - 1) for _ in range(random.randint(0, 3) if depth else 0)
    ]
    form = random.choice(("leaf", "array", "object")) if depth else "leaf"
    if form == "leaf":
        return random.choice(_LEAVES)
    if form == "array":
        return f"[{' , '.join(inside)}]"
    names = (random.choice(("a", "b", "aa", "é", "$json", "")) for _ in inside)
    pairs = (f'"{name}" :{value}' for name, value in zip(names, inside, strict=True))
    return "{" + ",".join(pairs) + "}"


@dataclass(frozen=True, slots=True)
class Author:
    """Draws the parts of one program: few rows, few documents, few columns."""

    random: Random
    documents: tuple[Value, ...]
    keys: tuple[int, ...]
    tables: tuple[Table, ...]
    #: The columns that are changed again and again.
    columns: tuple[str, ...]
    #: Two sessions: nothing that locks whole tables, or needs its own protocol.
    together: bool

    def pick(self, choices: Sequence[_T]) -> _T:
        return self.random.choice(choices)

    def flag(self) -> bool:
        return self.random.random() < 0.5

    def table(self) -> Table:
        return self.pick(self.tables)

    def some_keys(self, keys: Sequence[int] | None = None) -> tuple[int, ...]:
        return tuple(self.some(keys or self.keys, 3))

    def some(self, choices: Sequence[_T], most: int) -> list[_T]:
        """At least one of the choices."""
        count = self.random.randint(1, min(most, len(choices)))
        return self.random.sample(choices, count)

    def value(self, table: Table, column: Column, key: int) -> Value:
        if column.sql_type == "jsonb":
            return self.pick(self.documents)
        return self.pick(scalars(table, column.name, key))

    def row(self, table: Table, key: int) -> Row:
        required = {table.reference, "worker_type", "worker_role"}
        optional = [c.name for c in table.columns if c.name not in required]
        given = required | {name for name in optional if self.flag()}
        return Row(
            key,
            tuple(
                (column.name, self.value(table, column, key))
                for column in table.columns
                if column.name in given
            ),
        )

    def rows(self, table: Table, keys: Sequence[int] | None = None) -> tuple[Row, ...]:
        return tuple(self.row(table, key) for key in self.some_keys(keys))

    def changes(self, table: Table, keys: Sequence[int], *, source: bool) -> Changes:
        focus = tuple(c for c in table.columns if c.name in self.columns)
        columns = {"focus": focus or table.tracked, "untracked": table.ignored}.get(
            self.pick(("focus",) * 6 + ("all", "untracked")), table.columns
        )
        chosen = self.some(columns, 4)
        # A name belongs to one worker.
        kept = [c for c in chosen if c.name != "name" or len(set(keys)) == 1]
        kept = kept or [table.column("status")]
        return tuple(
            (column.name, self.assigned(table, column, keys[0], source=source))
            for column in kept
        )

    def assigned(
        self, table: Table, column: Column, key: int, *, source: bool
    ) -> Assigned:
        how = self.pick(("value", "value", "value", "same", "source"))
        if how == "same":
            is_document = column.sql_type == "jsonb"
            return Same(self.pick(_SAME_DOCUMENT) if is_document else "{0}")
        # The column is in every row: otherwise it were a default, and maybe another's.
        if how == "source" and source and column.name == table.reference:
            return Excluded()
        return self.value(table, column, key)

    def update(self, keys: Sequence[int] | None = None) -> Update:
        table, chosen = self.table(), self.some_keys(keys)
        return Update(table, chosen, self.changes(table, chosen, source=False))

    def insert(self, keys: Sequence[int] | None = None) -> Insert:
        table = self.table()
        rows = self.rows(table, keys)
        conflict: Literal["fail", "nothing"] | Changes = self.pick(("fail", "nothing"))
        if self.flag():
            conflict = self.changes(table, [r.key for r in rows], source=True)
        return Insert(table, rows, conflict)

    def merge(self) -> Merge:
        table = self.table()
        rows = self.rows(table)
        matched: Literal["nothing", "delete"] | Changes = self.pick(
            ("nothing", "delete")
        )
        if self.flag():
            matched = self.changes(table, [r.key for r in rows], source=True)
        return Merge(table, rows, matched)

    def delete(self, keys: Sequence[int] | None = None) -> Delete:
        return Delete(self.table(), self.some_keys(keys))

    def batch(self) -> Batch:
        first = self.some_keys()
        rest = tuple(key for key in self.keys if key not in first)
        parts = [self.part(first)] + ([self.part(rest)] if rest else [])
        return Batch(tuple(parts))

    def part(self, keys: Sequence[int]) -> Insert | Update | Delete:
        kind = self.pick(("update", "insert", "delete"))
        if kind == "update":
            return self.update(keys)
        return self.insert(keys) if kind == "insert" else self.delete(keys)

    def copy(self) -> Copy:
        table = self.table()
        return Copy(table, tuple(map(_without_megabytes, self.rows(table))))

    def failing(self) -> Failing:
        ways: tuple[Failure, ...] = (
            "caught",
            "later statement",
            "raise",
            "bad text",
            "check",
            "key",
        )
        how = self.pick(ways if self.together else (*ways, "truncate"))
        return Failing(self.update(), how)

    def writing(self) -> Writing:
        common = ("update",) * 9 + ("insert",) * 2 + ("delete", "merge", "failing")
        rare = ("batch",) if self.together else ("batch", "copy")
        drawn: dict[str, Callable[[], Writing]] = {
            "batch": self.batch,
            "copy": self.copy,
            "delete": self.delete,
            "failing": self.failing,
            "insert": self.insert,
            "merge": self.merge,
            "update": self.update,
        }
        return drawn[self.pick(common + rare)]()

    def transaction(self) -> list[Statement]:
        levels: tuple[Isolation, ...] = ("READ COMMITTED",)
        if self.together:
            levels += ("REPEATABLE READ", "SERIALIZABLE")
        inside: list[Statement] = [
            self.inside() for _ in range(self.random.randint(1, 5))
        ]
        ending = Commit() if self.pick((True, True, False)) else Rollback()
        return [Begin(self.pick(levels)), *inside, ending]

    def inside(self) -> Statement:
        kind = self.pick(("write", "write", "write", "savepoint", "back", "release"))
        if kind == "write":
            return self.writing()
        name = self.pick(_SAVEPOINTS)
        if kind == "savepoint":
            return Savepoint(name)
        return RollbackTo(name) if kind == "back" else Release(name)

    def block(self) -> list[Statement]:
        kinds = ("statement", "transaction")
        rare = ("tidy",) if self.random.random() < 0.1 else ()
        kind = self.pick(kinds if self.together else (*kinds, "statement", *rare))
        if kind == "tidy":
            return [Tidy()]
        return [self.writing()] if kind == "statement" else self.transaction()

    def settings(self) -> Settings:
        chosen = tuple((name, self.pick(of)) for name, of in _SETTINGS.items())
        return Settings(chosen, self.flag())


def _without_megabytes(row: Row) -> Row:
    return Row(
        row.key,
        tuple(
            (name, NULL if len(value.written or "") > 10_000 else value)
            for name, value in row.values
        ),
    )


def _author(random: Random, *, together: bool) -> Author:
    documents = [*random.choice(FAMILIES), NULL]
    if random.random() < 0.2:
        documents.append(document(_written(random, 3)))
    if random.random() < 0.05:
        documents.append(random.choice(LARGE))
    keys = KEYS[: random.randint(1, 2 if together else 3)]
    tables = (TABLES[0],) if together else random.choice(_TABLES)
    named = [c.name for table in tables for c in (*table.tracked, *table.initial[:1])]
    columns = random.sample(named, random.randint(1, 3))
    return Author(random, tuple(documents), keys, tables, tuple(columns), together)


def _begin(author: Author) -> Step:
    """Insert the rows that the program is about."""
    table = author.table()
    return Step(0, Insert(table, tuple(author.row(table, key) for key in author.keys)))


def write_program(random: Random) -> Program:
    """What one session does, statement by statement and in transactions."""
    author = _author(random, together=False)
    steps = [_begin(author)]
    for _ in range(author.random.randint(2, 7)):
        steps += [Step(0, statement) for statement in author.block()]
    settings = [author.settings() for _ in range(2)]
    return Program(tuple(steps), (settings[0],) * 2, (settings[1],) * 2)


def write_overlapping_program(random: Random) -> Program:
    """What two sessions do at the same time to the same few rows."""
    author = _author(random, together=True)
    queues = [_blocks(author), _blocks(author)]
    steps = [_begin(author)]
    while queues[0] or queues[1]:
        turn = author.random.randint(0, 1) if all(queues) else int(not queues[0])
        steps.append(Step(turn, queues[turn].pop(0)))
    settings = [author.settings() for _ in range(4)]
    return Program(tuple(steps), (settings[0], settings[1]), (settings[2], settings[3]))


def _blocks(author: Author) -> list[Statement]:
    blocks = [author.transaction()]
    if author.flag():
        blocks.append(author.block())
    return [statement for block in blocks for statement in block]


def make_program(seed: int) -> Program:
    """A program of one session; a seed always makes the same."""
    return write_program(Random(seed))


def make_overlapping_program(seed: int) -> Program:
    """A program of two sessions; a seed always makes the same."""
    return write_overlapping_program(Random(seed))


#: Hypothesis draws every choice of the author, and so it can make a program smaller.
programs = st.randoms(use_true_random=False).map(write_program)
overlapping_programs = st.randoms(use_true_random=False).map(write_overlapping_program)


def for_hypertables(program: Program) -> Program:
    """The program without what hypertables know not: triggers that fire always."""

    def on_origin(settings: Settings) -> Settings:
        values = {**dict(settings.values), "session_replication_role": "origin"}
        return replace(settings, values=tuple(values.items()))

    first, second = program.settings
    third, fourth = program.other_settings
    return replace(
        program,
        settings=(on_origin(first), on_origin(second)),
        other_settings=(on_origin(third), on_origin(fourth)),
    )
