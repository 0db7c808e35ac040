# twin: ../metrics.py
"""Counters and latencies, which every process adds to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.operations.measurements import exact_latency, read_metrics
from datalayer.queries.aio.operations import metrics

if TYPE_CHECKING:
    from decimal import Decimal

    from psycopg import AsyncConnection

    from datalayer.domains.operations.results import Metrics


async def increment_counter(
    connection: AsyncConnection[Any], *, name: str, amount: int = 1
) -> int:
    """Add to a counter, which begins at 0, and return what it is now.

    Whoever measures next waits until the transaction of this call ends.
    """
    counter = await metrics.increment_counter(connection, name=name, amount=amount)
    assert counter is not None, "a sum is a number"
    return counter


async def observe_latency(
    connection: AsyncConnection[Any], *, name: str, milliseconds: float | Decimal
) -> None:
    """Add a measurement to the count, the total and the maximum of a latency.

    Raises `InvalidLatency` when it is negative or not finite. Whoever measures next
    waits until the transaction of this call ends.
    """
    exact = exact_latency(name, milliseconds)
    await metrics.observe_latency(connection, name=name, milliseconds=exact)


async def get_metrics(connection: AsyncConnection[Any]) -> Metrics:
    """Return all counters and latencies; none before the first measurement.

    What somebody else stored among them that is no measurement is left out.
    """
    return read_metrics(await metrics.get_metrics(connection))
