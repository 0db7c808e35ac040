"""The proof over the queries of this repository.

A few examples of each; `PROVE_EXAMPLES=200 pytest tests/integration/test_proving_own…`
tries more.
"""

from __future__ import annotations

import os
from pathlib import Path

import psycopg

from datalayer.codegen.pipeline import generate_modules
from datalayer.config import load_config
from datalayer.proving.prover import Prover, prove_all
from datalayer.proving.scouting import Scout
from datalayer.proving.session import open_session

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = int(os.environ.get("PROVE_EXAMPLES", "3"))


def test_our_own_queries_tell_the_truth(database_url: str) -> None:
    config = load_config(ROOT)
    with psycopg.connect(
        database_url, autocommit=True, prepare_threshold=None
    ) as connection:
        shapes = generate_modules(
            connection,
            queries=config.queries,
            root=config.root,
            package=config.package,
        ).shapes
    seed = int(os.environ.get("PROVE_SEED", "0"))
    with open_session(database_url) as session:
        prover = Prover(config, session, Scout(session, seed), shapes, seed)
        proofs = list(prove_all(prover, shapes, examples=EXAMPLES))

    untrue = [
        f"{proof.name}: {lie.message}\n{lie.sql}"
        for proof in proofs
        for lie in proof.lies
    ]
    assert untrue == []
    assert len(proofs) == len(shapes)
    exercised = sum(proof.is_exercised for proof in proofs)
    # Of many queries there is a row even now; what none is of was not looked at.
    assert exercised > len(proofs) // 3
