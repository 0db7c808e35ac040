"""Programs that each show one way in which hourly relations go wrong."""

from __future__ import annotations

from datetime import timedelta

from psycopg import IsolationLevel
from rollup_model import SOURCES
from rollup_programs import (
    Advance,
    Begin,
    ChangeRule,
    Delete,
    DropExpired,
    End,
    Insert,
    Maintain,
    Program,
)

_DAYS = 24
_ALL = [Insert(source, 5) for source in SOURCES] + [
    Insert("execution_history", 5, operation="INSERT", status="requested")
]

SCENARIOS: dict[str, Program] = {
    "a row comes after its hour was stored": [*_ALL, Maintain(), *_ALL, Maintain()],
    "a transaction is open while its hour is stored": [
        Insert("event", 8),
        Begin(),
        *(Insert(source, 0, aside=True) for source in SOURCES),
        Advance(3),
        Maintain(),
        Maintain(),
        End(),
        Maintain(),
    ],
    "a transaction is open while its empty hour is passed over": [
        Maintain(),
        Begin(),
        Insert("event", 0, aside=True),
        Advance(30),
        Maintain(),
        End(),
        Maintain(),
    ],
    "the first row of all is written while the first hour is stored": [
        Begin(),
        Insert("event", 0, aside=True),
        Advance(3),
        Maintain(),
        End(),
        Maintain(),
    ],
    "a late row comes with a snapshot from before its hour was stored": [
        Insert("event", 0),
        Begin(IsolationLevel.REPEATABLE_READ),
        Advance(3),
        Maintain(),
        Insert("event", 3, aside=True),
        End(),
        Maintain(),
    ],
    "a counted row is deleted": [
        Insert("event", 5),
        Insert("enforcement", 5),
        Insert("enforcement", 6),
        Maintain(),
        Delete("event"),
        Delete("enforcement"),
        Maintain(),
    ],
    "a counted row changes its ref": [
        Insert("enforcement", 5),
        Maintain(),
        ChangeRule(),
        Maintain(),
    ],
    "rows stand at the edges of hours": [
        Insert("event", 3),
        Insert("event", 3, timedelta(microseconds=3_599_999_999)),
        Insert("event", 2),
        Insert("event", 1),
        Insert("event", 0),
        Maintain(batch=1),
        Advance(1),
        Maintain(batch=1),
        Advance(1),
        Maintain(),
    ],
    "old rows are counted before they are dropped": [
        Insert("event", 100 * _DAYS),
        Insert("worker_history", 200 * _DAYS),
        Insert("event", 2),
        Maintain(batch=24),
    ],
    "a late row comes for hours that were dropped": [
        Insert("event", 100 * _DAYS),
        Insert("event", 2),
        Maintain(),
        Insert("event", 100 * _DAYS),
        Insert("event", 101 * _DAYS),
        Maintain(),
    ],
    "hours are not stored when retention is asked for": [
        Maintain(),
        Insert("event", 0),
        Advance(100 * _DAYS),
        DropExpired("event"),
        Maintain(),
    ],
    "an hour is to be repeated when retention is asked for": [
        Insert("event", 80 * _DAYS),
        Maintain(),
        Advance(11 * _DAYS),
        Insert("event", 91 * _DAYS),
        DropExpired("event"),
        Maintain(),
    ],
    "a row waits in the default partition until it is dropped": [
        Insert("enforcement", 0),
        Advance(91 * _DAYS + 24),
        Maintain(),
    ],
    "a late row for an expired hour is counted before it is dropped": [
        Insert("event", 80 * _DAYS),
        Maintain(),
        Advance(11 * _DAYS),
        Insert("event", 91 * _DAYS + 12),
        Maintain(batch=1),
    ],
}
