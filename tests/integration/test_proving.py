"""Every kind of lie is found and shown by SQL; what is true is not called untrue."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from nullability_row_mutants import let_half_a_key_do
from proving_cases import Case
from proving_lies import LIES, TWINS
from proving_mutants import MUTANTS, Mutant
from proving_project import open_project
from proving_truths import HIDDEN, TRUTHS
from proving_witness_mutants import WITNESS_MUTANTS, WitnessMutant

from datalayer.codegen.inference.conclusion import infer
from datalayer.codegen.numbering import numbered
from datalayer.lexer import split_statements
from datalayer.proving import Lie, Prover, QueryProof, attack, shrinking, witness
from datalayer.proving.functions import load_functions
from datalayer.proving.session import Session
from datalayer.proving.trial import try_query
from datalayer.proving.witness import find_witness
from datalayer.server import Server

#: Most lies are seen at once; some take longer.
FEW, MANY = 8, (25, 100, 400)
#: Lies that the first function does not tell.
FLAVOURS = {
    "streamed": "sync stream",
    "streamed_twin": "async stream",
    "twin": "async",
}


@pytest.fixture(scope="module")
def liars(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prover]:
    root = tmp_path_factory.mktemp("liars")
    with open_project(
        root, LIES, server_url=server.url(), package="lying_app"
    ) as prover:
        yield prover


@pytest.fixture(scope="module")
def truthful(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prover]:
    root = tmp_path_factory.mktemp("truthful")
    with open_project(
        root, [*TRUTHS, *HIDDEN], server_url=server.url(), package="truthful_app"
    ) as prover:
        yield prover


def prove(prover: Prover, name: str, examples: int = FEW) -> QueryProof:
    (shape,) = (shape for shape in prover.shapes if shape.source.name == name)
    return prover.prove(shape, examples=examples)


def lies(prover: Prover, name: str, examples: int = FEW) -> list[Lie]:
    """Return what is untrue; a server that is too busy for it is asked again."""
    found = (prove(prover, name, examples).lies for _ in range(4))
    return next(filter(None, found))


def attempts(prover: Prover, name: str) -> Iterator[QueryProof]:
    """Prove a query with more and more examples."""
    for examples in (FEW, *MANY):
        yield prove(prover, name, examples)


@pytest.mark.parametrize(
    "case", [case for case in LIES if case not in TWINS], ids=lambda case: case.name
)
def test_a_lie_is_found_and_shown_by_sql(liars: Prover, case: Case) -> None:
    proof = next(each for each in attempts(liars, case.name) if each.lies)

    claims = [(lie.claim.where, lie.claim.kind) for lie in proof.lies]
    assert claims == [(case.where, case.kind)]
    assert proof.lies[0].flavour == FLAVOURS.get(case.name, "sync")
    if not case.edit[0]:
        show(liars, proof.lies[0])


def show(prover: Prover, lie: Lie) -> None:
    """Run the SQL of a lie and see that it shows what is said."""
    names, rows = run_script(prover, lie)

    if not lie.claim.where:
        assert len(rows) > (lie.claim.kind == "more rows")
        return
    index = names.index(lie.claim.where.removesuffix("[]"))
    values = [row[index] for row in rows]
    if lie.claim.where.endswith("[]"):
        assert any(None in value for value in values if isinstance(value, list))
    else:
        assert None in values


def run_script(prover: Prover, lie: Lie) -> tuple[list[str], list[tuple[object, ...]]]:
    """Run the statements of a script; return what the last query gives."""
    connection = prover.session.connection
    answer: tuple[list[str], list[tuple[object, ...]]] = ([], [])
    for part in split_statements(lie.sql):
        cursor = connection.execute(lie.sql[part.start : part.end].encode())
        if cursor.description:
            answer = [each.name for each in cursor.description], cursor.fetchall()
    connection.execute("DEALLOCATE ALL")
    return answer


@pytest.mark.parametrize("case", TWINS, ids=lambda case: case.name)
def test_two_rows_are_seen_at_once(liars: Prover, case: Case) -> None:
    (lie,) = lies(liars, case.name, 1)

    assert lie.claim.kind == "more rows"
    show(liars, lie)


def test_by_chance_two_rows_are_not_seen(
    liars: Prover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attack, "doubled", lambda *_: iter(()))

    assert prove(liars, "half_a_key", 3).lies == []


def test_an_unsound_rule_about_keys_is_refuted(
    liars: Prover, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shape,) = (s for s in liars.shapes if s.source.name == "half_a_key")

    def at_most_one() -> bool:
        sql, types = numbered(shape.source).sql, [23, 25, 25]
        return infer(liars.session.connection, sql, types).row_count.at_most_one

    assert not at_most_one()
    let_half_a_key_do(monkeypatch)

    assert at_most_one()
    assert lies(liars, "half_a_key", 1)


@pytest.mark.parametrize("case", TRUTHS, ids=lambda case: case.name)
def test_the_truth_is_left_alone(truthful: Prover, case: Case) -> None:
    proof = next(each for each in attempts(truthful, case.name) if each.is_exercised)

    assert proof.lies == []
    assert proof.is_exercised


def test_the_sql_is_short(liars: Prover) -> None:
    (lie,) = lies(liars, "column", 25)

    assert lie.sql.count("INSERT") == 1
    assert lie.message == "`nick` is declared `str`, and NULL came back"


def test_without_shrinking_it_is_longer(
    liars: Prover, monkeypatch: pytest.MonkeyPatch
) -> None:
    (short,) = lies(liars, "joined", 25)

    monkeypatch.setattr(shrinking, "_TRIES", 0)
    (long,) = lies(liars, "joined", 25)

    assert short.sql.count("INSERT") == 1
    assert len(long.sql) > len(short.sql)


def test_the_same_seed_finds_the_same(liars: Prover) -> None:
    first = prove(liars, "joined", 10)
    second = prove(liars, "joined", 10)

    assert first == second


def test_a_server_that_is_late_is_no_lie(
    truthful: Prover, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, late = Session.send, iter(range(10_000))

    def send_late(session: Session, statement: str) -> None:
        # Too late by chance: for a statement, or for the end of it all.
        if statement.startswith("ROLLBACK") and next(late) % 3 == 0:
            raise psycopg.errors.QueryCanceled
        send(session, statement)

    monkeypatch.setattr(Session, "send", send_late)

    proof = prove(truthful, "all_people")

    assert proof.lies == []
    assert proof.refused
    assert proof.is_exercised


def test_nothing_stays(liars: Prover) -> None:
    prove(liars, "column")

    row = liars.session.connection.execute("SELECT count(*) FROM person").fetchone()
    assert row == (0,)


def test_null_is_seen_where_it_may_be(truthful: Prover) -> None:
    proof = prove(truthful, "all_people", 25)

    assert proof.seen_null == proof.nullable == {"nick", "born", "code", "boss"}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_prover_overlooks_a_lie(
    liars: Prover, mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutant.module, mutant.attribute, mutant.replacement)

    proof = prove(liars, mutant.overlooked)

    case = next(case for case in LIES if case.name == mutant.overlooked)
    assert (case.where, case.kind) not in [
        (lie.claim.where, lie.claim.kind) for lie in proof.lies
    ]


def finds_rows(prover: Prover, name: str) -> bool:
    """Tell whether rows are found of which a query returns something."""
    (shape,) = (shape for shape in prover.shapes if shape.source.name == name)
    target = prover._target(shape, load_functions(prover.config, shape))
    assert target is not None
    proof = QueryProof(name, "", nullable=frozenset())
    # Chance begins anew, as it does in a proof.
    for seed in range(3):
        found = find_witness(prover.session, target, seed)
        if found is not None:
            try_query(prover.session, target, shrinking.repeating(found), proof)
        if proof.is_exercised:
            break
    return proof.is_exercised


@pytest.mark.parametrize("mutant", WITNESS_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_search_finds_no_rows(
    truthful: Prover, mutant: WitnessMutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finds_rows(truthful, mutant.missed)

    monkeypatch.setattr(witness, mutant.attribute, mutant.replacement)

    assert not finds_rows(truthful, mutant.missed)
