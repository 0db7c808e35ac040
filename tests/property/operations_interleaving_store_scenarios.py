"""Interleavings on the other tables that are known to be hard."""

from __future__ import annotations

from operations_interleaving_language import (
    AbandonRequest,
    Acquire,
    Begin,
    BeginRequest,
    Commit,
    Decide,
    FinishRequest,
    Guard,
    Increment,
    Patch,
    Register,
    Renew,
    Rollback,
    TakeTurn,
    Tick,
)
from operations_interleaving_scenarios import Scenario

STORE_SCENARIOS = (
    Scenario(
        "a nonce is refused when its first use is committed",
        (
            (0, Begin()),
            (0, Register("m")),
            (1, Register("m")),
            (2, Register("m")),
            (0, Commit()),
        ),
        (
            "0: nonce m used first",
            "1: nonce m refused, after waiting",
            "2: nonce m refused, after waiting",
        ),
    ),
    Scenario(
        "a nonce is free when its first use is rolled back",
        ((0, Begin()), (0, Register("m")), (1, Register("m")), (0, Rollback())),
        ("0: nonce m used first", "1: nonce m used first, after waiting"),
    ),
    Scenario(
        "two who use nonces crosswise, of whom the server stops one",
        (
            (0, Begin()),
            (1, Begin()),
            (0, Register("m")),
            (1, Register("n")),
            (0, Register("n")),
            (1, Rollback()),
            (0, Register("m")),
        ),
        (
            "0: nonce m used first",
            "1: nonce n used first",
            "0: nonce n used first, after waiting",
            "0: nonce m refused",
        ),
    ),
    Scenario(
        "an approval is decided once",
        (
            (0, Begin()),
            (0, Decide("a", "approved")),
            (1, Decide("a", "rejected")),
            (2, Patch("a", "x")),
            (0, Commit()),
        ),
        (
            "0: approval a approved",
            "1: approval a decided by another, after waiting",
            "2: patched a, after waiting",
        ),
    ),
    Scenario(
        "a decision is free when the first is rolled back",
        (
            (0, Begin()),
            (0, Decide("a", "approved")),
            (1, Decide("a", "rejected")),
            (0, Rollback()),
        ),
        ("0: approval a approved", "1: approval a rejected, after waiting"),
    ),
    Scenario(
        "a decision upon an old snapshot fails",
        (
            (0, Begin("REPEATABLE READ")),
            (0, Decide("b", "approved")),
            (1, Decide("a", "approved")),
            (0, Decide("a", "rejected")),
        ),
        ("0: approval b approved", "1: approval a approved", "0: 40001"),
    ),
    Scenario(
        "an abandoned request cannot be finished when it has begun again",
        (
            (0, BeginRequest("k")),
            (1, AbandonRequest("k")),
            (1, BeginRequest("k")),
            (0, FinishRequest(1)),
            (1, FinishRequest(0)),
            (2, BeginRequest("k")),
        ),
        (
            "0: request k begun",
            "1: request k abandoned",
            "1: request k begun",
            "0: request k not finished",
            "1: request k finished",
            "2: request k begun by another",
        ),
    ),
    Scenario(
        "a request is not abandoned when it is being finished",
        (
            (0, BeginRequest("k")),
            (0, Begin()),
            (0, FinishRequest()),
            (1, AbandonRequest("k")),
            (2, BeginRequest("k")),
            (0, Commit()),
        ),
        (
            "0: request k begun",
            "0: request k finished",
            "1: request k not abandoned, after waiting",
            "2: request k begun by another, after waiting",
        ),
    ),
    Scenario(
        "of two who abandon a request one may begin it again",
        (
            (0, BeginRequest("k")),
            (0, Begin()),
            (0, AbandonRequest("k")),
            (0, BeginRequest("k")),
            (1, AbandonRequest("k")),
            (0, Commit()),
            (2, BeginRequest("k")),
            (1, AbandonRequest("k")),
        ),
        (
            "0: request k begun",
            "0: request k abandoned",
            "0: request k begun",
            "1: request k not abandoned, after waiting",
            "2: request k begun by another",
            "1: request k abandoned",
        ),
    ),
    Scenario(
        "a request is run by the second when the first rolls back",
        ((0, Begin()), (0, BeginRequest("k")), (1, BeginRequest("k")), (0, Rollback())),
        ("0: request k begun", "1: request k begun, after waiting"),
    ),
    Scenario(
        "the lock is taken when the guarded transaction ends",
        (
            (0, Acquire("x", 6)),
            (0, Begin()),
            (0, Guard()),
            (0, Tick(20)),
            (1, Acquire("y", 6)),
            (2, Renew(6)),
            (0, Commit()),
            (0, Guard(1)),
            (1, Guard()),
        ),
        (
            "0: lock acquired with token 1 by x",
            "0: fence passed with token 1",
            "2: lock not renewed with token 1",
            "1: lock acquired with token 2 by y, after waiting",
            "0: fence refused with token 1",
            "1: fence passed with token 2",
        ),
    ),
    Scenario(
        "who asks for a lock that is held does not wait for the guarded transaction",
        (
            (0, Acquire("x", 6)),
            (0, Begin()),
            (0, Guard()),
            (1, Acquire("y", 6)),
            (0, Commit()),
        ),
        (
            "0: lock acquired with token 1 by x",
            "0: fence passed with token 1",
            "1: lock refused by y",
        ),
    ),
    Scenario(
        "one of two takes the free lock",
        ((0, Begin()), (0, Acquire("x", 6)), (1, Acquire("y", 6)), (0, Commit())),
        (
            "0: lock acquired with token 1 by x",
            "1: lock refused by y, after waiting",
        ),
    ),
    Scenario(
        "counters add up",
        (
            (0, Begin()),
            (0, Increment("p", 1)),
            (1, Increment("p", 5)),
            (2, Increment("q", 5)),
            (0, Commit()),
        ),
        (
            "0: counter p +1 to 1",
            "1: counter p +5 to 6, after waiting",
            "2: counter q +5 to 5, after waiting",
        ),
    ),
    Scenario(
        "one of two takes the turn",
        (
            (0, Begin()),
            (0, TakeTurn()),
            (1, TakeTurn()),
            (0, Commit()),
            (2, TakeTurn()),
            (2, Tick(61)),
            (2, TakeTurn()),
        ),
        (
            "0: turn taken",
            "1: turn refused, after waiting",
            "2: turn refused",
            "2: turn taken",
        ),
    ),
)
