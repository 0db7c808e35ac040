"""What tells one request from another."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from datalayer.domains.artifacts.canonical import to_canonical

if TYPE_CHECKING:
    from datalayer.runtime import JsonInput


def fingerprint_of(value: JsonInput) -> str:
    """Return the SHA-256 of the canonical JSON of a request, in hexadecimal.

    Neither white space nor the order of members makes a difference. Raises
    `InvalidDocument` for what JSON does not have.
    """
    return hashlib.sha256(to_canonical(value)).hexdigest()
