"""The statement of a query of which pieces can be left out."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.pieces import pieces_of
from datalayer.codegen.rendering.imports import spell
from datalayer.codegen.rendering.layout import WIDTH, Brackets, lay_out, tuple_of
from datalayer.codegen.rendering.literals import string, text_block
from datalayer.codegen.rendering.typemap import RUNTIME, PythonType
from datalayer.lexer import significant_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalayer.codegen.pieces import Piece
    from datalayer.codegen.rendering.imports import Spellings
    from datalayer.codegen.rendering.layout import Code
    from datalayer.model import OptionalPart, QuerySource

PART = PythonType("Part", RUNTIME)
UNSET = PythonType("UNSET", RUNTIME)
UNSET_TYPE = PythonType("Unset", RUNTIME)
QUERY = PythonType("Query", RUNTIME)
VARIED_QUERY = PythonType("VariedQuery", RUNTIME)


def is_varied(source: QuerySource) -> bool:
    """Tell whether a query has pieces that can be left out."""
    return bool(source.optional_parts)


def statement_types(source: QuerySource) -> tuple[PythonType, ...]:
    """Return the classes that a query's constant is made of."""
    return (VARIED_QUERY, PART) if is_varied(source) else (QUERY,)


def varied_sql(source: QuerySource, spellings: Spellings, *, indent: int) -> list[str]:
    """Return the lines of the argument `sql`, a tuple of texts and parts."""
    margin = " " * indent
    lines = [f"{margin}sql=("]
    for text, part in _texts(source):
        if part is None:
            lines.append(f"{margin}    {_literal(text)},")
        else:
            lines.append(_part(text, part, spellings, indent + 4))
    return [*lines, f"{margin}),"]


def given_arguments(
    source: QuerySource, constant: str, sent: Mapping[str, Code], spellings: Spellings
) -> Brackets:
    """Return `*CONSTANT.given({…})` for the values that are sent."""
    items = tuple(
        _named(name, _unless_unset(code, spellings) if name in optional else code)
        for optional in (source.optional_parameters,)
        for name, code in sent.items()
    )
    return Brackets(f"*{constant}.given(", (Brackets("{", items, "}"),), ")")


def _unless_unset(code: Code, spellings: Spellings) -> Code:
    if not isinstance(code, Brackets):
        return code
    function = code.opening.removesuffix("(")
    return Brackets(
        f"{spellings[RUNTIME, 'optional']}(", (function, *code.items), code.closing
    )


def _named(name: str, code: Code) -> Code:
    if isinstance(code, Brackets):
        return replace(code, opening=f"{string(name)}: {code.opening}")
    return f"{string(name)}: {code}"


def _texts(source: QuerySource) -> Iterator[tuple[str, OptionalPart | None]]:
    """Yield the texts with `%(name)s` for parameters; neighbours become one."""
    plain = ""
    label = f" /* {source.qualified_name} */"
    for piece in pieces_of(source):
        text = _template(source, piece)
        if label:
            end = next(significant_tokens(text)).end
            text, label = f"{text[:end]}{label}{text[end:]}", ""
        if piece.part is None:
            plain += text
            continue
        if plain:
            yield plain, None
        yield text, piece.part
        plain = ""
    yield f"{plain}\n", None


def _template(source: QuerySource, piece: Piece) -> str:
    if piece.text is not None:
        return _escaped(piece.text)
    position, text = piece.start, ""
    for placeholder in source.placeholders:
        if piece.start <= placeholder.start < piece.end:
            text += _escaped(source.sql[position : placeholder.start])
            text += f"%({placeholder.name})s"
            position = placeholder.end
    return text + _escaped(source.sql[position : piece.end])


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _part(text: str, part: OptionalPart, spellings: Spellings, indent: int) -> str:
    margin = " " * indent
    arguments = [
        f"{name}={lay_out(tuple_of(tuple(map(string, names))))}"
        for name, names in (("all_of", part.all_of), ("any_of", part.any_of))
        if names
    ]
    if part.otherwise:
        arguments.append(f"otherwise={string(part.otherwise)}")
    name, literal = spell(PART, spellings), _literal(text)
    if "\n" not in literal:
        items = Brackets(f"{name}(", (literal, *arguments), ")")
        return lay_out(items, indent=indent, after=",")
    inner = [f"{margin}    {each}," for each in (literal, *arguments)]
    return "\n".join([f"{margin}{name}(", *inner, f"{margin}),"])


def _literal(text: str) -> str:
    short = string(text)
    is_short = len(re.findall("\n", text)) < 2 and len(short) < WIDTH - 20
    if is_short:
        return short
    if text.startswith("\n"):
        return text_block(text[1:]).replace("\\", "", 1)
    return text_block(text)
