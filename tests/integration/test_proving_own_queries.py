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
from datalayer.proving.prover import prove_all, prover_of
from datalayer.proving.session import open_session

#: Queries of which no row comes back, and why: what is of one kind stands together.
UNSEEN = {
    # A key is the hash of what is stored under it.
    "artifacts.put_blob": "the caller computes a SHA-256",
    # Chains of patches: several rows that agree about depth, base and head.
    "artifacts.create_compacted_base": "needs a chain of patches",
    "artifacts.find_compacted_base": "needs a chain of patches",
    "artifacts.find_compacted_base_by_meta": "needs a chain of patches",
    "artifacts.get_patch_chain": "needs a chain of patches",
    "artifacts.list_compaction_candidates": "needs a chain of patches",
    "artifacts.list_compactions": "needs a chain of patches",
    "artifacts.redo_tag_move": "needs a move of a tag that was undone",
    "artifacts.walk_patch_chain": "needs a chain of patches",
    # Leases: a status, a worker, a token and a time that go together.
    "conversations.complete_analysis": "needs a lease that lasts",
    "conversations.fail_analysis": "needs a lease that lasts",
    "operations.extend_leases": "needs a lease that lasts",
    # Other than rows.
    "conversations.enable_train_isolation": "needs a role of the server",
    "maintenance.list_policies": "only TimescaleDB has policies",
}

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
        prover = prover_of(config, session, shapes, seed)
        proofs = list(prove_all(prover, shapes, examples=EXAMPLES))

    untrue = [
        f"{proof.name}: {lie.message}\n{lie.sql}"
        for proof in proofs
        for lie in proof.lies
    ]
    assert untrue == []
    assert len(proofs) == len(shapes)
    unseen = {
        proof.name
        for proof in proofs
        if not proof.skipped and not proof.is_exercised and proof.name not in UNSEEN
    }
    assert len(unseen) < len(shapes) // 10, sorted(unseen)
    assert UNSEEN.keys() <= {proof.name for proof in proofs}
