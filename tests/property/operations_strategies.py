"""Times, attempts and values for the state machines of the operations domain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from operations_queue_model import Backoff

from datalayer.runtime import JsonInput, JsonValue

#: Two days before the clocks of Berlin, where the sessions are, go an hour forward.
START = datetime(2026, 3, 27, 12, tzinfo=UTC)
ZONE = "Europe/Berlin"

MICROSECOND = timedelta(microseconds=1)
MILLISECOND = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

#: Which of the things there are, counted round.
PICK = st.integers(0, 59)
#: How much time passes; and from one limit, how far beyond it.
DURATIONS = st.sampled_from([MICROSECOND, SECOND, MINUTE, 5 * MINUTE, HOUR, DAY])
NEARLY = st.sampled_from([-MICROSECOND, 0 * SECOND, MICROSECOND])
#: From now on, or a while ago.
OFFSETS = st.sampled_from(
    [0 * SECOND, 0 * SECOND, -SECOND, -HOUR, MICROSECOND, SECOND, 5 * MINUTE, DAY]
)
LEASES = st.sampled_from([SECOND, 5 * MINUTE, HOUR, DAY])
GAPS = st.sampled_from([0 * SECOND, MICROSECOND, MINUTE, HOUR, DAY])
LIMITS = st.sampled_from([1, 1, 2, 3, 100])
BATCHES = st.sampled_from([1, 2, 1000])

PLATFORMS = st.sampled_from(["x", "mastodon"])
JOB_KEYS = st.sampled_from([None, None, "a", "b"])
WORKERS = st.sampled_from(["ada", "bob"])
BACKOFFS = st.sampled_from(
    [
        Backoff(),
        Backoff(SECOND, 3 * SECOND, jitter=0.0),
        Backoff(5 * MINUTE, jitter=0.0),
        Backoff(DAY, 3 * DAY, jitter=0.5),
        Backoff(DAY, SECOND, jitter=1.0),
    ]
)
#: Which attempt one claims to have.
ATTEMPT_KINDS = st.sampled_from(
    ["current", "current", "current", "given", "next", "foreign", "unknown"]
)
ATTEMPTS = st.tuples(ATTEMPT_KINDS, PICK)

JSON: st.SearchStrategy[JsonValue] = st.sampled_from(
    [None, None, {}, {"a": 1}, {"a": None, "b": {"c": [1]}}, [], "", 0, False]
)
OBJECTS: st.SearchStrategy[dict[str, JsonInput]] = st.sampled_from(
    [{}, {"a": 2}, {"b": None}, {"b": {"d": 1}, "c": "é"}]
)
