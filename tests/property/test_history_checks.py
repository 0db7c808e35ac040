"""What checks the laws notices what no broken trigger could show."""

from __future__ import annotations

from dataclasses import replace

from history_columns import EXECUTION, TABLES
from history_language import Begin, Insert, Rollback, Row, Statement, Update
from history_laws import broken_laws
from history_model import Model, expected
from history_reading import HistoryRow, Observation
from history_values import integer, string


def run(*statements: Statement) -> Model:
    model = Model()
    for statement in statements:
        known = model.known(0)
        failed = model.predicts_failure(0, statement, known)
        model.apply(0, statement, known, failed=failed)
    return model


def observe(model: Model) -> Observation:
    """What a database would hold that does what the model says."""
    rows = [row for version in model.committed if (row := expected(version))]
    history = {table.name: () for table in TABLES} | {
        "execution": tuple(HistoryRow(n, "1", row) for n, row in enumerate(rows))
    }
    digests = {row: {"result": None} for row in model.rows}
    return Observation(history, model.rows, digests)


INSERT = Insert(EXECUTION, (Row(1, (("action_ref", string("a")),)),))
UPDATE = Update(EXECUTION, (1,), (("executor", integer(7)),))


def test_a_database_like_the_model_breaks_no_law() -> None:
    model = run(INSERT, Begin(), UPDATE, Rollback(), UPDATE)

    assert broken_laws(observe(model), model) == []


def test_rows_of_work_that_was_rolled_back_are_noticed() -> None:
    model = run(INSERT, Begin(), UPDATE, Rollback())
    observed = observe(model)
    undone = expected(model.undone[0])
    assert undone is not None

    left = (*observed.history["execution"], HistoryRow(9, "2", undone))
    observed = replace(observed, history={**observed.history, "execution": left})

    laws = {broken.law for broken in broken_laws(observed, model)}
    assert "law 7: undone work leaves nothing" in laws


def test_a_row_that_is_there_twice_is_noticed() -> None:
    model = run(INSERT, UPDATE)
    observed = observe(model)

    twice = (*observed.history["execution"], observed.history["execution"][-1])
    observed = replace(observed, history={**observed.history, "execution": twice})

    laws = {broken.law for broken in broken_laws(observed, model)}
    assert {"law 2: one row for a change", "law 4: old values are the state"} <= laws
