"""`datalayer conversations rotate`: encrypt tokens and webhooks with the first key."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from datalayer.cli.operations import (
    DONE,
    PROBLEM,
    DatabaseUrl,
    Json,
    connect,
    document,
    exit_code,
)
from datalayer.cli.output import console, messages, print_json
from datalayer.domains.conversations import RotationReport, rotate_credentials
from datalayer.domains.conversations.errors import ConversationsUnusable

EXIT_CODES = (
    "Exit codes: 0 done; 1 an error, or something that no key opens, and the rest is "
    "done; 2 wrong usage; 130 interrupted by Ctrl-C: run it again to go on."
)


class _Progress:
    """What is done so far, for whoever is interrupted."""

    def __init__(self) -> None:
        self.report = RotationReport()

    def note(self, report: RotationReport) -> None:
        self.report = report

    def data(self) -> dict[str, object]:
        return asdict(self.report)

    def text(self) -> str:
        return f"encrypted anew: {self.report.rotated} of {self.report.examined}"


def rotate(
    batch: Annotated[
        int, typer.Option(min=1, max=10_000, help="Accounts of a transaction.")
    ] = 100,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Encrypt tokens and webhooks with the first key of DATALAYER_CREDENTIAL_KEYS.

    The others open what they have encrypted, and can be taken away afterwards. What has
    the first key already is left alone, so that it may be run as often as one likes.
    """
    progress = _Progress()
    with (
        exit_code(
            progress.data if as_json else None,
            lambda: f"interrupted; {progress.text()}",
        ),
        connect(
            database_url,
            "rotate",
            domain="conversations",
            unusable=ConversationsUnusable,
        ) as connection,
    ):
        rotate_credentials(connection, batch_size=batch, report=progress.note)
    _print(progress, as_json=as_json)


def _print(progress: _Progress, *, as_json: bool) -> None:
    unreadable = progress.report.unreadable
    code = PROBLEM if unreadable else DONE
    if as_json:
        print_json(document(progress.data(), code, []))
    else:
        console.print(progress.text(), markup=False)
        for secret in unreadable:
            messages.print(f"no key opens {secret}", markup=False, emoji=False)
    if unreadable:
        raise typer.Exit(code)
