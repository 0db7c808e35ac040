"""The directives whose name is followed by free text: SQL, a reason, a class."""

from __future__ import annotations

import difflib
import keyword
import re
from typing import TYPE_CHECKING

from datalayer.codegen.reading.directive_lines import FORMS, Claim
from datalayer.codegen.reading.nest_directives import read_nest
from datalayer.codegen.reading.row_directives import read_map, read_stream
from datalayer.codegen.reading.source_text import quoted_list
from datalayer.codegen.rules import RULES
from datalayer.errors import DirectiveError
from datalayer.model import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datalayer.codegen.reading.directive_lines import DirectiveLine

_ALLOWANCE = re.compile(r"\s*(?P<rule>[\w-]+)\s*:\s*(?P<reason>\S.*)")
_ORDER = re.compile(r"\s*(?P<name>[a-z][a-z0-9_]*)\s*=\s*(?P<sql>\S.*)")
_PAGE = re.compile(r"\s*(?P<sql>.*)")
_RAISES = re.compile(r"\s*(?P<name>\"[^\"]+\"|\w+)\s+(?P<cls>\S+)\s*")
_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
_RULES = quoted_list(RULES)


def _allowance(line: DirectiveLine, _: Operation) -> Claim:
    """Read `@allow rule: reason`; the reason is free text."""
    said = _ALLOWANCE.match(line.text, line.head.end())
    if said is None:
        line.fail("no rule and reason", f"write {FORMS['allow']}")
    if said["rule"] not in RULES:
        near = difflib.get_close_matches(said["rule"], RULES, n=1)
        help = f"did you mean `{near[0]}`?" if near else f"the rules are {_RULES}"
        start, end = said.span("rule")
        raise line.source.error(
            DirectiveError,
            f"no rule is named `{said['rule']}`",
            start=line.offset + start,
            end=line.offset + end,
            help=help,
        )
    location = line.source.location(line.offset + said.start("rule"))
    return Claim("allow", said["rule"], location, "reason", said["reason"].strip())


def _order(line: DirectiveLine, operation: Operation) -> Claim:
    """Read `@order name = list` and `@page list`; the list is SQL."""
    word = line.head["word"]
    if operation is not Operation.MANY:
        line.fail(
            f"`@{word}` is for queries of many rows",
            "remove the directive, or the sign behind the name",
            line.head,
        )
    said = (_ORDER if word == "order" else _PAGE).match(line.text, line.head.end())
    if said is None:
        line.fail(f"`@{word}` without a name and a list", f"write {FORMS[word]}")
    location = line.source.location(line.offset + said.start("sql"))
    name = said["name"] if word == "order" else "page"
    return Claim(word, name, location, "sql", said["sql"].strip())


def _raises(line: DirectiveLine, operation: Operation) -> Claim:
    """Read `@raises constraint ClassName`."""
    if operation is Operation.SCRIPT:
        line.fail("a script raises what it raises", "remove the directive", line.head)
    said = _RAISES.fullmatch(line.text.rstrip(), line.head.end())
    if said is None:
        line.fail("no constraint and class", f"write {FORMS['raises']}")
    cls = said["cls"]
    if not _CLASS_NAME.fullmatch(cls) or keyword.iskeyword(cls):
        start, end = said.span("cls")
        raise line.source.error(
            DirectiveError,
            f"`{cls}` is not the name of a class",
            start=line.offset + start,
            end=line.offset + end,
            help="write a word such as `AlreadyRegistered`",
        )
    location = line.source.location(line.offset + said.start("name"))
    return Claim("raises", said["name"].strip('"'), location, "class", cls)


#: What reads each.
TEXT_DIRECTIVES: Mapping[str, Callable[[DirectiveLine, Operation], Claim]] = {
    "allow": _allowance,
    "embed": read_nest,
    "group": read_nest,
    "map": read_map,
    "order": _order,
    "page": _order,
    "raises": _raises,
    "stream": read_stream,
}
