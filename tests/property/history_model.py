"""What a program does to the tables and to their history, in Python only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from history_columns import Column, Kind, Table
from history_json import (
    MARK,
    Node,
    Number,
    Object,
    is_marked,
    json_type,
    jsonb_text,
    parse_json,
)
from history_language import (
    Batch,
    Begin,
    Changes,
    Commit,
    Copy,
    Delete,
    Excluded,
    Failing,
    Insert,
    Merge,
    Release,
    Rollback,
    RollbackTo,
    Row,
    Same,
    Savepoint,
    Statement,
    Update,
)

#: The table's name, and which of its rows.
RowId = tuple[str, int]
#: The JSON text of each column's value; None is SQL NULL.
State = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Living:
    """A row that is there, and when it was inserted: a key may live twice."""

    born: int
    state: State


#: What a statement sees as it begins: which rows, and of which birth.
Known = Mapping[RowId, int]


class Failed(Exception):
    """The statement fails, whatever else happens."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a row of history says, apart from its place and time."""

    operation: str
    key: int
    reference: str | None
    changed: tuple[str, ...] = ()
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A row before and after one statement; None where it was not."""

    table: Table
    key: int
    before: State | None
    after: State | None
    #: Statements are counted as they complete, transactions as they begin.
    statement: int = 0
    transaction: int = 0

    @property
    def row(self) -> RowId:
        return self.table.name, self.key

    @property
    def operation(self) -> str:
        if self.before is None:
            return "INSERT"
        return "DELETE" if self.after is None else "UPDATE"


@dataclass
class Session:
    """A session's transaction: what only it sees yet."""

    transaction: int | None = None
    aborted: bool = False
    overlay: dict[RowId, Living | None] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    savepoints: list[tuple[str, dict[RowId, Living | None], int]] = field(
        default_factory=list
    )
    #: Which rows a transaction of REPEATABLE READ can see.
    fixed: bool = False
    snapshot: Known | None = None


@dataclass
class Model:
    """The rows that are committed, and every version that there was."""

    sessions: tuple[Session, ...] = field(
        default_factory=lambda: (Session(), Session())
    )
    living: dict[RowId, Living] = field(default_factory=dict)
    committed: list[Version] = field(default_factory=list)
    undone: list[Version] = field(default_factory=list)
    statements: int = 0
    transactions: int = 0

    @property
    def rows(self) -> dict[RowId, State]:
        """What everybody sees."""
        return {row: living.state for row, living in self.living.items()}

    def view(self, session: Session) -> dict[RowId, Living]:
        merged = {**self.living, **session.overlay}
        return {row: living for row, living in merged.items() if living is not None}

    def known(self, number: int) -> Known:
        """The rows that a statement sees which begins now."""
        session = self.sessions[number]
        if not session.fixed:
            return _births(self.view(session))
        if session.snapshot is None:
            session.snapshot = _births(self.living)
        own = session.overlay
        return {
            **{row: born for row, born in session.snapshot.items() if row not in own},
            **_births({row: living for row, living in own.items() if living}),
        }

    def predicts_failure(self, number: int, statement: Statement, known: Known) -> bool:
        """Whether a statement fails that nobody disturbs."""
        session = self.sessions[number]
        if isinstance(statement, (Begin, Commit, Rollback)):
            return False
        if isinstance(statement, (Savepoint, RollbackTo, Release)):
            return self._refuses(session, statement)
        if session.aborted:
            return True
        try:
            self._versions(session, statement, known)
        except Failed:
            return True
        return False

    def _refuses(
        self, session: Session, statement: Savepoint | RollbackTo | Release
    ) -> bool:
        if session.transaction is None:
            return True
        if isinstance(statement, Savepoint):
            return session.aborted
        if isinstance(statement, Release) and session.aborted:
            return True
        return statement.name not in [name for name, _, _ in session.savepoints]

    def apply(
        self,
        number: int,
        statement: Statement,
        known: Known,
        *,
        failed: bool,
    ) -> None:
        """Follow a statement that completed, one way or the other."""
        session = self.sessions[number]
        self.statements += 1
        if failed:
            self._fail(session, statement)
        elif isinstance(statement, (Begin, Commit, Rollback)):
            self._control(session, statement)
        elif isinstance(statement, (Savepoint, RollbackTo, Release)):
            self._move(session, statement)
        else:
            self._write(session, self._versions(session, statement, known))

    def _fail(self, session: Session, statement: Statement) -> None:
        if isinstance(statement, Commit):
            self._end(session, keep=False)
        elif session.transaction is not None:
            session.aborted = True

    def _control(self, session: Session, statement: Begin | Commit | Rollback) -> None:
        if isinstance(statement, Begin):
            assert session.transaction is None
            self.transactions += 1
            session.transaction = self.transactions
            session.fixed = statement.isolation != "READ COMMITTED"
        else:
            keep = isinstance(statement, Commit) and not session.aborted
            self._end(session, keep=keep)

    def _move(
        self, session: Session, statement: Savepoint | RollbackTo | Release
    ) -> None:
        if isinstance(statement, Savepoint):
            point = (statement.name, dict(session.overlay), len(session.versions))
            session.savepoints.append(point)
            return
        while session.savepoints[-1][0] != statement.name:
            session.savepoints.pop()
        name, overlay, length = session.savepoints.pop()
        if isinstance(statement, RollbackTo):
            session.overlay = dict(overlay)
            self.undone += session.versions[length:]
            del session.versions[length:]
            session.savepoints.append((name, overlay, length))
            session.aborted = False

    def _write(self, session: Session, versions: list[Version]) -> None:
        alone = session.transaction is None
        if alone:
            self._control(session, Begin())
        assert session.transaction is not None
        before = self.view(session)
        for version in versions:
            living = before.get(version.row)
            session.overlay[version.row] = (
                None
                if version.after is None
                else Living(living.born if living else self.statements, version.after)
            )
            session.versions.append(
                Version(
                    version.table,
                    version.key,
                    version.before,
                    version.after,
                    self.statements,
                    session.transaction,
                )
            )
        if alone:
            self._end(session, keep=True)

    def _end(self, session: Session, *, keep: bool) -> None:
        if keep:
            self.living = self.view(session)
            self.committed += session.versions
        else:
            self.undone += session.versions
        session.__init__()  # type: ignore[misc]  # a session without a transaction

    # What a statement does to the rows that it finds.

    def _versions(
        self, session: Session, statement: Statement, known: Known
    ) -> list[Version]:
        view = self.view(session)
        if isinstance(statement, Batch):
            return [
                version
                for part in statement.parts
                for version in self._versions(session, part, known)
            ]
        if isinstance(statement, (Insert, Copy)):
            return list(_insert(statement, view))
        if isinstance(statement, Merge):
            return list(_merge(statement, view, known))
        if isinstance(statement, Failing):
            return _fail(statement, view, known)
        assert isinstance(statement, (Update, Delete))
        return list(_update(statement, view, known))


def _births(rows: Mapping[RowId, Living]) -> Known:
    return {row: living.born for row, living in rows.items()}


def _insert(
    statement: Insert | Copy, view: Mapping[RowId, Living]
) -> Iterator[Version]:
    table = statement.table
    conflict = "fail" if isinstance(statement, Copy) else statement.conflict
    for row in statement.rows:
        existing = view.get((table.name, row.key))
        if existing is None:
            yield Version(table, row.key, None, _new_state(table, row))
        elif conflict == "fail":
            raise Failed
        elif not isinstance(conflict, str):
            after = _changed(existing.state, conflict, _new_state(table, row))
            yield Version(table, row.key, existing.state, after)


def _merge(
    statement: Merge, view: Mapping[RowId, Living], known: Known
) -> Iterator[Version]:
    table, matched = statement.table, statement.matched
    for row in statement.rows:
        new = _new_state(table, row)
        existing = view.get((table.name, row.key))
        if existing is None:
            yield Version(table, row.key, None, new)
        elif known.get((table.name, row.key)) != existing.born:
            raise Failed
        elif matched == "delete":
            yield Version(table, row.key, existing.state, None)
        elif not isinstance(matched, str):
            after = _changed(existing.state, matched, new)
            yield Version(table, row.key, existing.state, after)


def _update(
    statement: Update | Delete, view: Mapping[RowId, Living], known: Known
) -> Iterator[Version]:
    for key in statement.keys:
        living = view.get((statement.table.name, key))
        if living and known.get((statement.table.name, key)) == living.born:
            after = (
                None
                if isinstance(statement, Delete)
                else _changed(living.state, statement.changes, {})
            )
            yield Version(statement.table, key, living.state, after)


def _fail(
    statement: Failing, view: Mapping[RowId, Living], known: Known
) -> list[Version]:
    hit = list(_update(statement.update, view, known))
    if statement.how != "caught" and (hit or statement.how not in ("check", "key")):
        raise Failed
    return []


def _new_state(table: Table, row: Row) -> State:
    return {column.name: row.value(column).text for column in table.columns}


def _changed(before: State, changes: Changes, source: State) -> State:
    after = dict(before)
    for column, assigned in changes:
        if isinstance(assigned, Excluded):
            after[column] = source[column]
        elif not isinstance(assigned, Same):
            after[column] = assigned.text
    return after


# What history says of a version.


def expected(version: Version) -> Recorded | None:
    """The one row that history has of a version, or none."""
    table, before, after = version.table, version.before, version.after
    named = after if after is not None else before
    assert named is not None
    text = named[table.reference]
    reference = None if text is None else str(parse_json(text))
    if before is None or after is None:
        new = None if after is None else jsonb_text(_initial(table, after))
        return Recorded(version.operation, version.key, reference, new=new)
    changed = tuple(c for c in table.tracked if before[c.name] != after[c.name])
    if not changed:
        return None
    return Recorded(
        "UPDATE",
        version.key,
        reference,
        tuple(column.name for column in changed),
        jsonb_text(_fields(changed, before)),
        jsonb_text(_fields(changed, after)),
    )


def _initial(table: Table, state: State) -> Object:
    listed = table.tracked + table.initial
    present = tuple(c for c in listed if c.always or state[c.name] is not None)
    return _fields(present, state)


def _fields(columns: tuple[Column, ...], state: State) -> Object:
    return Object(tuple((c.name, recorded(c, state[c.name])) for c in columns))


def recorded(column: Column, text: str | None) -> Node:
    """How a value stands in old_values and new_values."""
    if text is None:
        return None
    return _FORMS[column.kind](text)


def _wrapped(text: str) -> Node:
    node = parse_json(text)
    return Object(((MARK, node),)) if is_marked(node) else node


def digest(text: str) -> Node:
    """The digest of a document's text."""
    encoded = text.encode()
    return Object(
        (
            ("digest", f"md5:{hashlib.md5(encoded).hexdigest()}"),
            ("size", Number(str(len(encoded)))),
            ("type", json_type(parse_json(text))),
        )
    )


_FORMS: dict[Kind, Callable[[str], Node]] = {
    Kind.DIGEST: digest,
    Kind.DOCUMENT: _wrapped,
    Kind.SCALAR: parse_json,
}
