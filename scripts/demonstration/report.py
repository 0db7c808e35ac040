"""The report of a demo: a table for people, or the same as JSON."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from demonstration.acts import Compacted, Lookup, TagStep
from demonstration.history import History, State
from demonstration.importing import Imported, Stored

#: How many examples of a thing are named.
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a demo found."""

    history: History
    server: str
    migrations: int
    imported: Imported
    wrong: tuple[Stored, ...]
    compacted: Compacted | None
    lookup: Lookup | None
    tag_steps: tuple[TagStep, ...]
    #: The seconds of each step, by name.
    seconds: dict[str, float]

    @property
    def passed(self) -> bool:
        """Return whether everything was as it should be."""
        return (
            not self.wrong
            and (self.compacted is None or self.compacted.same_document)
            and (self.lookup is None or self.lookup.found)
            and all(step.as_expected for step in self.tag_steps)
        )


def as_data(report: Report) -> dict[str, object]:
    """Return a report as JSON can hold it."""
    history, imported, compacted = report.history, report.imported, report.compacted
    return {
        "repository": str(history.repository.top),
        "file": _printable(history.path),
        "shallow": history.repository.shallow,
        "commits": len(history.revisions),
        "merges": _merges(history),
        "deletions": _count(history, State.DELETED),
        "skipped": [
            {"commit": revision.commit.id, "reason": revision.reason}
            for revision in history.revisions
            if revision.state is State.UNREADABLE
        ],
        "server": report.server,
        "migrations": report.migrations,
        "bases": imported.bases,
        "patches": len(imported.stored) - imported.bases,
        "operations": sum(each.operations for each in imported.stored),
        "forced_compactions": imported.compactions,
        "equal": len(imported.stored) - len(report.wrong),
        "different": [each.revision.commit.id for each in report.wrong],
        "compacted": compacted
        and {
            "patch_id": str(compacted.patch.artifact_id),
            "depth": compacted.patch.depth,
            "base_id": str(compacted.base_id),
            "same_document": compacted.same_document,
        },
        "lookup": report.lookup
        and {"found": report.lookup.found, "plan": report.lookup.plan},
        "tag": [
            {
                "action": step.action,
                "commit": step.commit,
                "version": step.version,
                "as_expected": step.as_expected,
            }
            for step in report.tag_steps
        ],
        "seconds": {name: round(value, 6) for name, value in report.seconds.items()},
        "passed": report.passed,
    }


def print_report(console: Console, report: Report) -> None:
    """Print what happened, one step a row, and the plan below."""
    history = report.history
    title = f"{_printable(history.path)} in {_printable(str(history.repository.top))}"
    console.print(Text(title, style="bold"))
    console.print()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(justify="right", no_wrap=True, style="dim")
    for name, text, time in _rows(report):
        table.add_row(name, Text(text), time)
    console.print(table)
    if report.lookup is not None:
        console.print()
        nudge = ", without which so few rows are read as a whole: enable_seqscan = off"
        heading = f"plan of find_compacted_base{nudge if report.lookup.nudged else ''}"
        console.print(Text(heading, style="bold"))
        for line in report.lookup.plan:
            # Whole in a pipe, unless COLUMNS asks for a width.
            folded = console.is_terminal or "COLUMNS" in os.environ
            console.print(
                Text(f"  {line}"),
                overflow="fold" if folded else "ignore",
                soft_wrap=not folded,
            )
    console.print()
    _print_verdict(console, report)


def _print_verdict(console: Console, report: Report) -> None:
    if report.passed:
        count = len(report.imported.stored)
        documents = "the document is" if count == 1 else f"all {count:,} documents are"
        console.print(Text(f"{documents} exactly what git has", style="green"))
        return
    console.print(Text("something is not what git has", style="bold red"))
    for each in report.wrong[:_EXAMPLES]:
        console.print(Text(f"  commit {each.revision.commit.id}"))


def _rows(report: Report) -> Iterator[tuple[str, str, str]]:
    seconds = {name: _duration(value) for name, value in report.seconds.items()}
    imported, count = report.imported, len(report.imported.stored)
    yield "read", _describe_history(report.history), seconds["read"]
    yield "server", f"{report.server}, in a temporary folder", seconds["server"]
    yield "migrate", f"{_plural(report.migrations, 'file')} applied", seconds["migrate"]
    operations = sum(each.operations for each in imported.stored)
    yield (
        "import",
        f"{_plural(imported.bases, 'base')} and "
        f"{_plural(count - imported.bases, 'patch', 'patches')} with "
        f"{_plural(operations, 'operation')}, {_each(report, 'import')}"
        + _describe_forced(imported),
        seconds["import"],
    )
    equal = count - len(report.wrong)
    yield (
        "verify",
        f"{equal:,} of {count:,} materialised documents equal git's, "
        f"{_each(report, 'verify')}",
        seconds["verify"],
    )
    yield "compact", _describe_compaction(report.compacted), seconds["compact"]
    if report.lookup is not None:
        found = "found" if report.lookup.found else "did not find"
        yield "lookup", f"find_compacted_base {found} that base", seconds["lookup"]
    yield "tag", _describe_tag(report.tag_steps), seconds["tag"]


def _describe_history(history: History) -> str:
    documents = history.documents
    parts = [
        f"{_plural(len(history.revisions), 'commit')}, "
        f"{len(documents):,} with a document"
    ]
    if merges := _merges(history):
        parts.append(_plural(merges, "merge"))
    if deletions := _count(history, State.DELETED):
        parts.append(_plural(deletions, "deletion"))
    text = ", ".join(parts)
    skipped = [r for r in history.revisions if r.state is State.UNREADABLE]
    if skipped:
        example = f"{skipped[0].commit.id[:7]}: {skipped[0].reason}"
        text += f"\nskipped {len(skipped):,} that cannot be read, such as {example}"
    if history.repository.shallow:
        text += "\na shallow clone: its history begins in the middle"
    return text


def _describe_forced(imported: Imported) -> str:
    if not imported.compactions:
        return ""
    times = _plural(imported.compactions, "time")
    return f"\n{times} the chain was full and became a base on the way"


def _describe_compaction(compacted: Compacted | None) -> str:
    if compacted is None:
        return "no patch, so nothing to compact"
    outcome = "the same" if compacted.same_document else "ANOTHER"
    depth = _plural(compacted.patch.depth, "patch", "patches")
    return f"{depth} became a base with {outcome} document"


def _describe_tag(steps: tuple[TagStep, ...]) -> str:
    return "\n".join(
        f"{step.action} {step.commit} (version {step.version})"
        + ("" if step.as_expected else ", with ANOTHER document")
        for step in steps
    )


def _merges(history: History) -> int:
    return sum(revision.commit.parents > 1 for revision in history.revisions)


def _count(history: History, state: State) -> int:
    return sum(revision.state is state for revision in history.revisions)


def _each(report: Report, step: str) -> str:
    return f"{_duration(report.seconds[step] / len(report.imported.stored))} each"


def _plural(count: int, singular: str, plural: str = "") -> str:
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _printable(text: str) -> str:
    """Return a path as text: git knows names that are not."""
    return text.encode(errors="replace").decode()
