"""`scripts/compare_nullability`: run scripts, and believe nothing."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from comparing.attacks import applied, attacks
from comparing.observing import contradictions
from comparing.script_files import ScriptStatement, read_script
from datalayer.codegen.catalog import Catalog
from datalayer.codegen.inference import infer
from datalayer.model import Inference
from datalayer.server import scratch_database, use_server

Connection = psycopg.Connection[Any]

_ANALYSED = {
    *("DELETE", "INSERT", "MERGE", "SELECT", "TABLE", "UPDATE", "VALUES", "WITH"),
}
_SETTINGS = "SET statement_timeout = '8s'"


class Comparison:
    """What was found in all the statements of some files."""

    def __init__(self, url: str, *, attack: bool) -> None:
        """Connect; `attack` tells whether tables are changed as well."""
        self.url = url
        self.attack = attack
        self.counts: Counter[str] = Counter()
        self.found: list[str] = []
        self.connection = self._connect()

    def run(self, path: Path, variables: dict[str, str]) -> None:
        """Run a file; what it leaves in the database stays for the next one."""
        for statement in read_script(path.read_text(errors="replace"), variables):
            self._run(statement, path.name)
        self._renew()
        with suppress(psycopg.Error):
            self.connection.rollback()
            self.connection.execute("RESET ALL")
            self.connection.execute("RESET ROLE")
        self.connection.execute(_SETTINGS)

    def _connect(self) -> Connection:
        connection: Connection = psycopg.connect(
            self.url, autocommit=True, prepare_threshold=None
        )
        connection.execute(_SETTINGS)
        return connection

    def _run(self, statement: ScriptStatement, source: str) -> None:
        inference = self._infer(statement, source)
        if inference is not None and self.attack:
            self._attack(statement, inference, source)
        try:
            self._execute(statement, inference, source)
        except psycopg.Error:
            self.counts["statements that failed"] += 1
            self._renew()

    def _renew(self) -> None:
        """Connect again after a lost connection, or one stuck in a COPY."""
        status = self.connection.info.transaction_status
        if status in (TransactionStatus.ACTIVE, TransactionStatus.UNKNOWN):
            self.connection.close()
            self.connection = self._connect()

    def _infer(self, statement: ScriptStatement, source: str) -> Inference | None:
        broken = TransactionStatus.INERROR
        if statement.kind not in _ANALYSED or (
            self.connection.info.transaction_status == broken
        ):
            return None
        try:
            found = infer(
                self.connection, statement.text, [], catalog=Catalog(self.connection)
            )
        except psycopg.Error:
            return None
        except Exception as error:  # a crash is what this looks for
            self._report(f"{type(error).__name__}: {error}", statement, source)
            return None
        self.counts["statements"] += 1
        self.counts["columns"] += len(found.columns)
        self.counts["columns not null"] += sum(not c.nullable for c in found.columns)
        return found

    def _attack(
        self, statement: ScriptStatement, inference: Inference, source: str
    ) -> None:
        with suppress(psycopg.Error):
            for changes in attacks(self.connection, statement.text):
                with (
                    suppress(psycopg.Error),
                    self.connection.transaction(force_rollback=True),
                ):
                    if applied(self.connection, changes):
                        self._execute(statement, inference, f"{source} after {changes}")
                        self.counts["attacks"] += 1

    def _execute(
        self, statement: ScriptStatement, inference: Inference | None, source: str
    ) -> None:
        with self.connection.cursor() as cursor:
            if statement.rows is not None:
                with cursor.copy(statement.text.encode()) as copy:
                    copy.write(statement.rows)
                return
            cursor.execute(statement.text.encode(), prepare=False)
            for text in contradictions(cursor, inference) if inference else ():
                self._report(text, statement, source)

    def _report(self, text: str, statement: ScriptStatement, source: str) -> None:
        self.found.append(f"{source}: {text}\n    {statement.text}")
        sys.stdout.write(self.found[-1] + "\n")
        sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; return 1 when something was refuted."""
    options = _parser().parse_args(arguments)
    variables = dict(each.partition("=")[::2] for each in options.variable)
    with use_server() as server, scratch_database(server.url()) as url:
        comparison = Comparison(url, attack=options.attack)
        for path in options.files:
            comparison.run(path, variables)
            sys.stderr.write(f"{path.name}: {dict(comparison.counts)}\n")
        comparison.connection.close()
    for name, count in sorted(comparison.counts.items()):
        sys.stdout.write(f"{count:>9,} {name}\n")
    sys.stdout.write(f"{len(comparison.found):>9,} refuted\n")
    return int(bool(comparison.found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/compare_nullability",
        description="Run SQL scripts statement by statement, and show every NULL and "
        "every row too many or too few that contradicts what is concluded about it.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.sql")
    parser.add_argument(
        "--attack",
        action="store_true",
        help="run each statement also on emptied tables and with NULL in each column",
    )
    parser.add_argument(
        "--variable",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable of psql that the scripts use",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
