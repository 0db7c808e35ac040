"""Make a program that fails as small as it can be and still fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from history_language import (
    Batch,
    Begin,
    Commit,
    Copy,
    Delete,
    Failing,
    Insert,
    Merge,
    Program,
    Rollback,
    Settings,
    Statement,
    Step,
    Update,
)
from history_preparation import PLAIN


def shrink(program: Program, fails: Callable[[Program], bool], tries: int) -> Program:
    """Take smaller programs as long as one fails, and tries are left."""
    candidates = _smaller(program)
    while tries and (candidate := next(candidates, None)):
        tries -= 1
        if fails(candidate):
            program, candidates = candidate, _smaller(candidate)
    return program


def _smaller(program: Program) -> Iterator[Program]:
    for first, last in _spans(program.steps):
        kept = [s for i, s in enumerate(program.steps) if not first <= i <= last]
        others = [
            step
            for step in program.steps[first : last + 1]
            if step.session != program.steps[first].session
        ]
        yield replace(program, steps=tuple(kept[:first] + others + kept[first:]))
    for place, step in enumerate(program.steps):
        for statement in _simpler(step.statement):
            steps = list(program.steps)
            steps[place] = Step(step.session, statement)
            yield replace(program, steps=tuple(steps))
    yield from _plainer(program)


def _spans(steps: tuple[Step, ...]) -> Iterator[tuple[int, int]]:
    """What can go together: a transaction, or a statement alone."""
    begun: dict[int, int] = {}
    for place, step in enumerate(steps):
        if isinstance(step.statement, Begin):
            begun[step.session] = place
        elif isinstance(step.statement, (Commit, Rollback)):
            yield begun[step.session], place
    for place, step in enumerate(steps):
        if not isinstance(step.statement, (Begin, Commit, Rollback)):
            yield place, place


def _simpler(statement: Statement) -> Iterator[Statement]:
    if isinstance(statement, Batch):
        yield from statement.parts
    elif isinstance(statement, Failing):
        yield from (replace(statement, update=u) for u in _updates(statement.update))
    elif isinstance(statement, Update):
        yield from _updates(statement)
    elif isinstance(statement, (Insert, Copy, Merge)) and len(statement.rows) > 1:
        yield from (replace(statement, rows=(row,)) for row in statement.rows)
    elif isinstance(statement, Delete) and len(statement.keys) > 1:
        yield from (replace(statement, keys=(key,)) for key in statement.keys)


def _updates(update: Update) -> Iterator[Update]:
    if len(update.keys) > 1:
        yield from (replace(update, keys=(key,)) for key in update.keys)
    if len(update.changes) > 1:
        yield from (replace(update, changes=(change,)) for change in update.changes)


def _plainer(program: Program) -> Iterator[Program]:
    """The same under settings that are less unusual."""
    plain = dict(PLAIN.values)

    def simpler(settings: Settings) -> Iterator[Settings]:
        if settings.as_writer:
            yield replace(settings, as_writer=False)
        for place, (name, value) in enumerate(settings.values):
            if value != plain[name]:
                values = list(settings.values)
                values[place] = (name, plain[name])
                yield replace(settings, values=tuple(values))

    for first, second in (program.settings, program.other_settings):
        for one in simpler(first):
            changed = (one, one if second == first else second)
            if program.settings == (first, second):
                yield replace(program, settings=changed)
            else:
                yield replace(program, other_settings=changed)
