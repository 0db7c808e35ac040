"""All that is read among the requests, in the order of the report."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.conversations_read_conversations import (
    list_conversation_reads,
    list_statistics_reads,
)
from benchmarks.conversations_read_links import list_link_reads
from benchmarks.conversations_read_requests import list_request_reads
from benchmarks.conversations_read_usage import list_analysis_reads, list_usage_reads
from benchmarks.conversations_samples import Read, Samples


def list_reads(samples: Samples) -> Iterator[Read]:
    """Return all reads."""
    yield from list_conversation_reads(samples)
    yield from list_request_reads(samples)
    yield from list_statistics_reads(samples)
    yield from list_usage_reads(samples)
    yield from list_link_reads(samples)
    yield from list_analysis_reads(samples)
