"""The state machines of the operations domain, on a database that they empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations_clock import ClockSteps
from operations_leader_machine import LeaderMachine
from operations_queue_machine import QueueMachine
from operations_store_machine import StoreMachine

if TYPE_CHECKING:
    from psycopg import Connection

MACHINES: tuple[type[ClockSteps], ...] = (QueueMachine, StoreMachine, LeaderMachine)


def open_machine(
    machine: type[ClockSteps], connection: Connection[Any]
) -> type[ClockSteps]:
    """A machine on a database, which it empties for each example."""
    return type("OpenMachine", (machine,), {"connection": connection})
