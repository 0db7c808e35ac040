"""A run: the faults of a plan at their times, then peace, then the evidence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from datalayer.queries.operations.queue import count_jobs
from fault_injection.collecting import read_logs, read_queue, read_remote
from fault_injection.evidence import Evidence
from fault_injection.mutants import MUTANTS
from fault_injection.plan import Kill, Plan, Replace, Restart, Settings, Stop, Terminate
from fault_injection.scheduling import Scheduler
from fault_injection.server import run_server
from fault_injection.workers import Crew

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from fault_injection.plan import Fault
    from fault_injection.server import FaultyServer

Say = Callable[[str], None]
_TICK = 0.05
#: For how long nothing need end before the rest counts as lost.
_PATIENCE = 60.0
_PATIENCE_WITH_MUTANT = 15.0


@dataclass(slots=True)
class Faults:
    """What was done to the workers and to their server."""

    kills: int = 0
    replaced: int = 0
    stops: int = 0
    terminated: int = 0
    restarts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """What happened, and what is known of it."""

    evidence: Evidence
    faults: Faults
    #: When workers were killed, by name.
    killed: Mapping[str, datetime]
    server: str
    #: How long the faults took, and the rest of the work after the last.
    seconds: tuple[float, float]


@dataclass(slots=True)
class _Scene:
    """What a run has in its hands."""

    server: FaultyServer
    crew: Crew
    scheduler: Scheduler
    faults: Faults
    say: Say


def run(settings: Settings, plan: Plan, folder: Path, say: Say) -> Run:
    """Run a plan in a folder; leave no process behind."""
    say("starting a server")
    with _open_scene(settings, plan, folder, say) as scene:
        started = time.monotonic()
        _inject(scene, plan, started + settings.seconds)
        disturbed = time.monotonic() - started
        left = _await_idle(scene, len(plan.tasks), settings)
        worked = time.monotonic() - started - disturbed
        scene.crew.end()
        scene.faults.stops = scene.crew.stops
        say("judging")
        return Run(
            _collect(scene, plan, left),
            scene.faults,
            scene.crew.killed,
            scene.server.version,
            (disturbed, worked),
        )


@contextmanager
def _open_scene(
    settings: Settings, plan: Plan, folder: Path, say: Say
) -> Iterator[_Scene]:
    mutant = MUTANTS.get(settings.mutant)
    with run_server(folder, mutant.remote if mutant else ("", "")) as server:
        crew = Crew(server, settings, folder)
        scheduler = Scheduler(server.queue_url, plan.batches)
        try:
            say("starting workers")
            crew.start()
            crew.await_begin()
            scheduler.start()
            yield _Scene(server, crew, scheduler, Faults(), say)
        finally:
            scheduler.end()
            crew.kill_all()
            if scheduler.is_alive():
                scheduler.join()


def _inject(scene: _Scene, plan: Plan, until: float) -> None:
    """Do what the plan says when its time has come."""
    started = time.monotonic()
    faults = list(plan.faults)
    while time.monotonic() < until:
        scene.crew.look_after()
        if faults and time.monotonic() >= started + faults[0].at:
            _do(scene, faults.pop(0).fault)
            scene.say(_progress(scene, len(plan.tasks)))
        time.sleep(_TICK)


def _do(scene: _Scene, fault: Fault) -> None:
    match fault:
        case Kill(slot):
            scene.crew.kill(slot)
            scene.faults.kills += 1
        case Replace(slot):
            scene.crew.replace(slot)
            scene.faults.replaced += 1
        case Stop(slot, seconds, is_cut_off):
            stopped = scene.crew.stop(slot, seconds)
            if stopped and is_cut_off:
                scene.faults.terminated += scene.server.cut_off(stopped)
        case Restart(mode):
            scene.server.restart(mode)
            restarts = scene.faults.restarts
            restarts[mode] = restarts.get(mode, 0) + 1
        case Terminate(part, seed):
            scene.faults.terminated += scene.server.terminate(part, seed)


def _progress(scene: _Scene, jobs: int) -> str:
    faults = scene.faults
    return (
        f"{scene.scheduler.scheduled:,} of {jobs:,} jobs scheduled, "
        f"{faults.kills} workers killed, {scene.crew.stops} stopped, "
        f"{faults.terminated} connections ended, "
        f"{sum(faults.restarts.values())} restarts"
    )


def _await_idle(scene: _Scene, jobs: int, settings: Settings) -> int:
    """Wait until every job has ended, or none ends any more; return how many remain."""
    least, until = jobs + 1, time.monotonic() + _PATIENCE_WITH_MUTANT
    while least > 0 and time.monotonic() < until:
        scene.crew.look_after()
        left = jobs - _count_ended(scene.server)
        if left < least:
            least = left
            until = max(until, time.monotonic() + _PATIENCE * (not settings.mutant))
        scene.say(f"in peace again: {left:,} jobs left")
        time.sleep(_TICK)
    return least


def _count_ended(server: FaultyServer) -> int:
    with psycopg.connect(server.queue_url) as connection:
        counts = {row.status: row.jobs for row in count_jobs(connection)}
    return counts["posted"] + counts["dead_letter"]


def _collect(scene: _Scene, plan: Plan, left: int) -> Evidence:
    jobs, changes = read_queue(scene.server)
    deliveries, effects = read_remote(scene.server)
    return Evidence(
        tasks=plan.tasks,
        jobs=jobs,
        changes=changes,
        deliveries=deliveries,
        effects=effects,
        lines=tuple(read_logs(scene.crew.logs)),
        exits=tuple(scene.crew.exits),
        left=left,
    )
