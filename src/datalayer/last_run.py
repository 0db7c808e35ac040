"""What the last run on a project said, for as long as no file changes."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from datalayer.errors import Finding
from datalayer.fingerprints import tree_fingerprint
from datalayer.kept_files import FOLDER, keep_file
from datalayer.location import Location

if TYPE_CHECKING:
    from datalayer.config import Config


@dataclass(frozen=True, slots=True)
class Summary:
    """What the last run said, which holds as long as no file changes."""

    queries: int
    modules: int
    findings: tuple[Finding, ...]
    #: Those under which the modules were found to be the same; none when only one was
    #: tried, and `("",)` when there is only one.
    profiles: tuple[str, ...] = ()


def remember(config: Config, summary: Summary) -> None:
    """Write down what a run said about the files as they are now."""
    said = {**asdict(summary), "findings": [_plain(each) for each in summary.findings]}
    told = {"tree": tree_fingerprint(config), "said": said}
    with suppress(OSError):
        keep_file(config.root / FOLDER / "summary.json", json.dumps(told))


def remembered(config: Config) -> Summary | None:
    """Return what the last run said, if no file has changed since."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        text = (config.root / FOLDER / "summary.json").read_text("utf-8")
        told = json.loads(text)
        if told["tree"] == tree_fingerprint(config):
            said = told["said"]
            findings = tuple(_finding(**each) for each in said["findings"])
            profiles = tuple(said["profiles"])
            return Summary(said["queries"], said["modules"], findings, profiles)
    return None


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "message": finding.message,
        "help": finding.help,
        **asdict(finding.location),
    }


def _finding(
    *, rule: str, message: str, help: str | None, path: str, line: int, column: int
) -> Finding:
    return Finding(rule, Location(path, line, column), message, help)
