# twin: ../__init__.py
"""Sessions, approvals, idempotency, nonces, metrics, a lock and a queue of jobs."""

from datalayer.queries.aio.operations.session import save_session

__all__ = [
    "save_session",
]
