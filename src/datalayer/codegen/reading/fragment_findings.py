"""Fragments that no query uses, and what their authors say to that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.codegen.reading.directive_lines import DIRECTIVE
from datalayer.codegen.reading.directives import read_directives
from datalayer.codegen.reading.fragment_scope import serves
from datalayer.codegen.rules import finding_of
from datalayer.errors import FragmentError
from datalayer.model import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datalayer.codegen.reading.fragment_scope import FileFragments
    from datalayer.codegen.reading.sections import Sections
    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.errors import Finding, LocatedError
    from datalayer.lexer import Token
    from datalayer.model import Allowance, Fragment

#: The only rule that is about fragments.
_UNUSED = "unused-fragment"
_USE = re.compile(r"--\s*@use\s+(?P<name>[\w-]+)")


@dataclass(frozen=True, slots=True)
class Allowances:
    """What the header of a fragment allows, and what is wrong with its directives."""

    allowances: tuple[Allowance, ...]
    problems: tuple[LocatedError, ...]


def read_allowances(source: SourceText, comments: Sequence[Token]) -> Allowances:
    """Read the directives in the header of a fragment: `@allow unused-fragment`."""
    lines = [each for each in comments if DIRECTIVE.match(each.text)]
    allowing = [each for each in lines if _word(each) == "allow"]
    problems: list[LocatedError] = [
        _of_a_query(source, line, f"`@{_word(line)}`")
        for line in lines
        if line not in allowing
    ]
    read = read_directives(source, allowing, operation=Operation.SCRIPT, declared=())
    problems += read.problems
    by_place = {source.location(each.start).line: each for each in allowing}
    problems += [
        _of_a_query(source, by_place[said.location.line], f"`@allow {said.rule}`")
        for said in read.allowances
        if said.rule != _UNUSED
    ]
    return Allowances(read.allowances, tuple(problems))


def _word(line: Token) -> str:
    match = DIRECTIVE.match(line.text)
    return match["word"] if match else ""


def _of_a_query(source: SourceText, line: Token, written: str) -> FragmentError:
    return source.error(
        FragmentError,
        f"{written} in the header of a fragment",
        start=line.start,
        end=line.end,
        help="write it in the header of each query that uses the fragment",
    )


def used_names(source: SourceText, sections: Sections) -> frozenset[str]:
    """Return the names of all fragments that a file uses, also where it is wrong."""
    if sections.problems:  # not all that was meant became a section
        return frozenset(_USE.findall(source.text))
    return frozenset(
        match["name"]
        for section in sections.sections
        for token in section.tokens
        if not token.significant and (match := _USE.match(token.text))
    )


def fragment_findings(
    files: Mapping[tuple[str, ...], FileFragments],
    uses: Mapping[tuple[str, ...], frozenset[str]],
) -> Iterator[Finding]:
    """Find fragments that nothing uses; `uses` are the names by module."""
    for place, fragments in files.items():
        for fragment in filter(None, fragments.values()):
            is_used = any(
                fragment.name in names and serves(place, module)
                for module, names in uses.items()
            )
            yield from _finding(fragment, is_used=is_used)


def _finding(fragment: Fragment, *, is_used: bool) -> Iterator[Finding]:
    allowed = fragment.allowances
    if is_used and allowed:
        yield finding_of(
            "needless-allowance",
            allowed[0].location,
            f"`{fragment.name}` allows `{_UNUSED}`, and is used",
        )
    elif not is_used and not allowed:
        yield finding_of(
            _UNUSED, fragment.location, f"no query uses the fragment `{fragment.name}`"
        )
