"""The proof over the queries of this repository.

A few examples of each; `PROVE_EXAMPLES=200 pytest tests/integration/test_proving_own…`
tries more.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from datalayer.config import load_config
from datalayer.finding_shapes import open_finder
from datalayer.project import NATIVE, build_with
from datalayer.proving.prover import prove_all, prover_of
from datalayer.proving.session import open_session

if TYPE_CHECKING:
    from datalayer.proving import QueryProof

#: Queries of which no row comes back, and why.
UNSEEN = {
    # An artifact of kind `dag_patch` refers to its parent, its base and its depth, and
    # the rows of its chain to all of them in order: triggers compare them.
    **dict.fromkeys(
        (
            "artifacts.create_compacted_base",
            "artifacts.find_compacted_base",
            "artifacts.find_compacted_base_by_meta",
            "artifacts.get_patch_chain",
            "artifacts.insert_patch_chain",
            "artifacts.list_compaction_candidates",
            "artifacts.list_compactions",
            "artifacts.walk_patch_chain",
        ),
        "rows of a chain agree about depth, base and head",
    ),
    "artifacts.put_blob": "the key is the SHA-256 of what is stored",
    "conversations.enable_train_isolation": "needs a role of the server",
    "conversations.list_origins": "a document contains an argument, deep inside",
    "maintenance.list_policies": "only TimescaleDB has policies",
}

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = int(os.environ.get("PROVE_EXAMPLES", "3"))
SEED = int(os.environ.get("PROVE_SEED", "0"))
#: How often chance begins anew for a query of which nothing came back.
AGAIN = 2


def test_our_own_queries_tell_the_truth(database_url: str) -> None:
    proofs = prove_own(database_url)

    untrue = [
        f"{proof.name}: {lie.message}\n{lie.sql}"
        for proof in proofs
        for lie in proof.lies
    ]
    assert untrue == []
    seen = {proof.name for proof in proofs if proof.skipped or proof.is_exercised}
    # Who adds a query of which nothing is ever seen says why; who mends one says so.
    assert {proof.name for proof in proofs} - seen == UNSEEN.keys()


def prove_own(url: str) -> list[QueryProof]:
    """Prove all our queries, and again those of which nothing came back."""
    config = load_config(ROOT)
    # Remembered when anything asked for them since the queries changed.
    with open_finder(config, NATIVE, migrated=url) as finder:
        shapes = build_with(finder).shapes
    proofs: list[QueryProof] = []
    with open_session(url) as session:
        for seed in range(SEED, SEED + 1 + AGAIN):
            prover = prover_of(config, session, shapes, seed)
            seen = {each.name for each in proofs if each.skipped or each.is_exercised}
            # Of those that are known to show nothing, chance is asked once.
            left = [
                each
                for each in shapes
                if each.source.qualified_name not in seen
                and (seed == SEED or each.source.qualified_name not in UNSEEN)
            ]
            proofs += prove_all(prover, left, examples=EXAMPLES)
    return proofs
