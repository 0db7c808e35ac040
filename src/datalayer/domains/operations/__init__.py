# Derived by scripts/async_to_sync.py from __init__.py; do not edit.
"""Sessions, approvals, idempotency, nonces, metrics, a lock and a queue of jobs."""

from datalayer.queries.operations.session import save_session

__all__ = [
    "save_session",
]
