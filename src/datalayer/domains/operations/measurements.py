"""Measurements, as they are sent and as they are read back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from datalayer.domains.operations.errors import InvalidLatency
from datalayer.domains.operations.results import Latency, Metrics

if TYPE_CHECKING:
    from datalayer.queries.operations.metrics import StoredMetrics
    from datalayer.runtime import JsonValue

_FIELDS = ("count", "total", "max")


def exact_latency(name: str, milliseconds: float | Decimal) -> Decimal:
    """Return a latency with the digits that it is written with.

    Raises `InvalidLatency` when it is negative or not finite.
    """
    exact = Decimal(str(milliseconds))
    if not exact.is_finite() or exact < 0:
        raise InvalidLatency(name, milliseconds)
    return exact


def read_metrics(stored: StoredMetrics | None) -> Metrics:
    """Return what a row of metrics holds, without what is no measurement."""
    if stored is None:
        return Metrics(counters={}, latencies={}, updated_at=None)
    counters = _members(stored.payload, "counters")
    latencies = _members(stored.payload, "latencies")
    return Metrics(
        counters={
            name: int(number)
            for name, value in counters.items()
            if (number := _number(value)) is not None
        },
        latencies={
            name: _latency(value)
            for name, value in latencies.items()
            if isinstance(value, Mapping)
        },
        updated_at=stored.updated_at,
    )


def _members(payload: JsonValue, name: str) -> Mapping[str, JsonValue]:
    inner = payload.get(name) if isinstance(payload, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _latency(stored: Mapping[str, JsonValue]) -> Latency:
    count, total, most = (_number(stored.get(field)) or 0 for field in _FIELDS)
    return Latency(count=int(count), total=float(total), max=float(most))


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # The numbers of the server have no bounds, whole or not.
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None
