"""The proof over the queries of this repository.

A few examples of each; `PROVE_EXAMPLES=200 pytest tests/integration/test_proving_own…`
tries more.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import psycopg

from datalayer.codegen.pipeline import generate_modules
from datalayer.config import load_config
from datalayer.proving.prover import Prover, prove_all
from datalayer.proving.scouting import Scout
from datalayer.proving.session import open_session

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = int(os.environ.get("PROVE_EXAMPLES", "3"))

#: What authors declare although the schema would permit otherwise, and why it holds.
#: Each is a constraint that could be there: see docs/prove.md.
KEPT = {
    r"automation\.list_\w+_(hourly|series)": "only the maintenance stores closed hours,"
    " counted from columns that are NOT NULL",
    r"automation\.\w+(_history|_timeline|_change|_changes)": "only the triggers of the"
    " histories write them: names of columns, and documents of rows",
}


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
        if not any(re.fullmatch(pattern, proof.name) for pattern in KEPT)
    ]
    assert untrue == []
    assert len(proofs) == len(shapes)
    exercised = sum(proof.is_exercised for proof in proofs)
    # Of many queries there is a row even now; what none is of was not looked at.
    assert exercised > len(proofs) // 3
