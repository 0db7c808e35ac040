"""The rules of findings, as the documentation and the command line tell them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from datalayer.cli import app
from datalayer.codegen.rules import RULES

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def test_page_lists_every_rule_with_what_it_finds() -> None:
    section = PAGE.partition("## `datalayer explain`")[2].partition("\n## ")[0]

    listed = re.findall(r"^\| `([a-z][a-z-]*)` \| (.+) \|$", section, re.MULTILINE)
    rules = [(rule.name, rule.summary) for rule in RULES.values()]
    assert listed == rules


def test_page_shows_what_is_explained() -> None:
    result = CliRunner().invoke(app, ["explain", "uncertain-row-count"])

    shown = PAGE.partition("$ datalayer explain uncertain-row-count\n")[2]
    assert shown.partition("```")[0] == result.stdout


@pytest.mark.parametrize("name", RULES)
def test_explanation_says_why_and_what_to_do(name: str) -> None:
    result = CliRunner().invoke(app, ["explain", name])

    rule = RULES[name]
    assert result.exit_code == 0
    for part in (rule.summary, rule.reason, rule.remedy, f"-- @allow {name}: reason"):
        assert part in result.stdout
