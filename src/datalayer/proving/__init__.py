"""The proof that queries return what their annotations say."""

from datalayer.proving.model import Lie, Proof, QueryProof
from datalayer.proving.prover import Prover, open_prover, prove_all

__all__ = ["Lie", "Proof", "Prover", "QueryProof", "open_prover", "prove_all"]
