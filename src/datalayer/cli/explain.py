"""`datalayer explain`: the rules by which queries deserve a look."""

from __future__ import annotations

import difflib
import textwrap
from dataclasses import asdict
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from datalayer.cli.output import console, print_json, print_table
from datalayer.codegen.rules import RULES, Rule
from datalayer.errors import UnknownRule


def explain(
    name: Annotated[
        str | None, typer.Argument(metavar="[RULE]", help="The rule; default: all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Explain a rule that `generate` and `check` name in brackets, or list all rules.

    A finding that is right as it is goes away with `-- @allow RULE: reason` in the
    header of its query or fragment.
    """
    if name is None:
        _list(as_json=as_json)
        return
    rule = _find(name)
    if as_json:
        print_json(asdict(rule))
    else:
        console.print(_text(rule), markup=False)


def _list(*, as_json: bool) -> None:
    if as_json:
        print_json([asdict(rule) for rule in RULES.values()])
        return
    table = Table("rule", "what it finds", box=box.SIMPLE_HEAD)
    for rule in RULES.values():
        table.add_row(rule.name, rule.summary)
    if not print_table(table):
        for rule in RULES.values():
            console.print(f"{rule.name}: {rule.summary}", markup=False)


def _find(name: str) -> Rule:
    if name not in RULES:
        near = difflib.get_close_matches(name, RULES, n=1)
        raise UnknownRule(name, near[0] if near else None, list(RULES))
    return RULES[name]


def _text(rule: Rule) -> str:
    # A pipe gets the whole paragraph on a line.
    width = min(console.width, 88) if console.is_terminal else 1_000_000
    reason = textwrap.fill(rule.reason, width, break_on_hyphens=False)
    example = "\n".join(f"    {line}" for line in rule.example.splitlines())
    return (
        f"{rule.name}: {rule.summary}\n\n{reason}\n\n{example}\n\n"
        f"help: {rule.remedy};\n"
        f"      or, when it is right as it is: `-- @allow {rule.name}: reason`"
    )
