"""What a run found, for people or as JSON."""

from __future__ import annotations

import itertools
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from fault_injection.steps import name_step

if TYPE_CHECKING:
    from fault_injection.evidence import Change, Evidence
    from fault_injection.plan import Settings
    from fault_injection.running import Run
    from fault_injection.verdict import Violation

_SHOWN = 20
_HISTORIES = 3


@dataclass(frozen=True, slots=True)
class Report:
    """A run and its verdict."""

    settings: Settings
    run: Run
    violations: tuple[Violation, ...]

    @property
    def command(self) -> str:
        """Return what to type to get the same plan again."""
        settings = self.settings
        return (
            f"scripts/chaos --seconds {settings.seconds:g} --jobs {settings.jobs} "
            f"--workers {settings.workers} --seed {settings.seed}"
            + (f" --mutant {settings.mutant}" if settings.mutant else "")
        )


def count_work(run: Run) -> dict[str, int]:
    """Return how much there was of what makes a run worth its time."""
    evidence = run.evidence
    steps: Counter[str] = Counter()
    returned_after_kill = 0
    latest = timedelta(0)
    for history in histories(evidence).values():
        for before, after in itertools.pairwise(history):
            step = name_step(before, after)
            steps[step] += 1
            if step == "return" and before.locked_until is not None:
                latest = max(latest, after.at - before.locked_until)
            killed_at = run.killed.get(before.locked_by or "", after.at)
            returned_after_kill += step == "return" and killed_at < after.at
    calls = Counter((call.job_id, call.token) for call in evidence.deliveries)
    return {
        "jobs": len(evidence.jobs),
        "posted": steps["completion"],
        "dead_letters": sum(job.status == "dead_letter" for job in evidence.jobs),
        "attempts": steps["claim"],
        "failures": steps["failure"],
        "extensions": steps["extension"],
        "returned": steps["return"],
        "returned_after_kill": returned_after_kill,
        "latest_return_ms": round(latest.total_seconds() * 1000),
        "deliveries": len(evidence.deliveries),
        "repeated_deliveries": len(evidence.deliveries) - len(calls),
        "refused_deliveries": sum(not each.accepted for each in evidence.deliveries),
        "replaced_effects": _count_replaced(evidence),
        "lost_attempts": sum(line.outcome == "lost" for line in evidence.lines),
        "vain_starts": sum(not end.began for end in evidence.exits),
    }


def _count_replaced(evidence: Evidence) -> int:
    accepted = {(c.job_id, c.token) for c in evidence.deliveries if c.accepted}
    return len(accepted) - len({job_id for job_id, _ in accepted})


def histories(evidence: Evidence) -> dict[int, list[Change]]:
    """Return the changes of each job in order."""
    found: dict[int, list[Change]] = defaultdict(list)
    for change in evidence.changes:
        found[change.job_id].append(change)
    return found


def as_data(report: Report) -> dict[str, object]:
    """Return all but the evidence."""
    run = report.run
    return {
        "command": report.command,
        "settings": asdict(report.settings),
        "conditions": {"server": run.server, "processors": os.cpu_count() or 0},
        "seconds": {
            "faults": round(run.seconds[0], 1),
            "rest": round(run.seconds[1], 1),
        },
        "faults": asdict(run.faults),
        "work": count_work(run),
        "passed": not report.violations,
        "violations": [
            {"law": str(each.law), "job_id": each.job_id, "text": each.text}
            for each in report.violations
        ],
    }


def print_report(console: Console, report: Report) -> None:
    """Print what was done, what came of it, and the laws that were broken."""
    console.print(report.command, style="bold", soft_wrap=True)
    console.print(_told(report.run))
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, number in count_work(report.run).items():
        table.add_row(name.replace("_", " "), f"{number:,}")
    console.print(table)
    if not report.violations:
        console.print("[green]every job was done exactly once in effect")
        return
    for line in _accuse(report):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"[bold red]{len(report.violations)} violations")


def _told(run: Run) -> str:
    faults = run.faults
    restarts = ", ".join(f"{n} {mode}" for mode, n in sorted(faults.restarts.items()))
    return (
        f"PostgreSQL {run.server}: {faults.kills} workers killed, "
        f"{faults.replaced} replaced, {faults.stops} stopped for longer than their "
        f"leases, {faults.terminated} connections ended, the server restarted "
        f"{sum(faults.restarts.values())} times ({restarts}) in "
        f"{run.seconds[0]:.0f} s; the rest was done in {run.seconds[1]:.0f} s"
    )


def _accuse(report: Report) -> Iterator[str]:
    """Yield the first violations, and what happened to the jobs of the first few."""
    for violation in report.violations[:_SHOWN]:
        yield str(violation)
    ids = [each.job_id for each in report.violations if each.job_id is not None]
    found = histories(report.run.evidence)
    for job_id in list(dict.fromkeys(ids))[:_HISTORIES]:
        yield f"job {job_id}:"
        yield from _tell_history(found.get(job_id, []))
        for call in report.run.evidence.deliveries:
            if call.job_id == job_id:
                verb = "accepted" if call.accepted else "refused"
                yield f"  delivered by token {call.token}, {verb}"
        for line in report.run.evidence.lines:
            if line.job_id == job_id:
                yield f"  {line.worker} logged {line.outcome} of token {line.token}"


def _tell_history(history: Sequence[Change]) -> Iterator[str]:
    for change in history:
        holder = ""
        if change.locked_until is not None:
            until = change.locked_until.strftime("%H:%M:%S.%f")
            holder = f" by {change.locked_by} until {until}"
        yield (
            f"  {change.at:%H:%M:%S.%f} {change.status}, token {change.attempt_token}, "
            f"{change.retries} retries{holder} {change.last_error or ''}"
        ).rstrip()
