"""The statement of a query of which pieces can be left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.codegen.keysets import bound_as
from datalayer.codegen.pieces import escaped, pieces_of
from datalayer.codegen.rendering.expressions import code_of
from datalayer.codegen.rendering.imports import spell
from datalayer.codegen.rendering.layout import WIDTH, Brackets, lay_out, tuple_of
from datalayer.codegen.rendering.literals import string, text_block
from datalayer.codegen.rendering.naming import python_name
from datalayer.codegen.rendering.typemap import RUNTIME, STR, PythonType
from datalayer.lexer import significant_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalayer.codegen.pieces import Piece
    from datalayer.codegen.rendering.imports import Spellings
    from datalayer.codegen.rendering.layout import Code
    from datalayer.codegen.rendering.typemap import Expression
    from datalayer.model import (
        OptionalPart,
        Ordering,
        QueryShape,
        QuerySource,
        SortKey,
    )

CHOICE = PythonType("Choice", RUNTIME)
LITERAL = PythonType("Literal", "typing")
PAGE = PythonType("Page", RUNTIME)
PAGING = PythonType("Paging", RUNTIME)
PART = PythonType("Part", RUNTIME)
UNSET = PythonType("UNSET", RUNTIME)
UNSET_TYPE = PythonType("Unset", RUNTIME)
QUERY = PythonType("Query", RUNTIME)
VARIED_QUERY = PythonType("VariedQuery", RUNTIME)


def is_varied(source: QuerySource) -> bool:
    """Tell whether a query has pieces that can be left out."""
    return bool(source.optional_parts or source.ordering)


def is_paged(source: QuerySource) -> bool:
    """Tell whether the rows of a query are read page by page."""
    return source.ordering is not None and source.ordering.page is not None


def own_types(source: QuerySource) -> Iterator[PythonType]:
    """Yield the types of the arguments that a directive adds."""
    if is_paged(source):
        yield STR
    if source.ordering and source.ordering.orders:
        yield LITERAL


def statement_types(source: QuerySource) -> Iterator[PythonType]:
    """Yield the classes that a query's constant is made of."""
    if not is_varied(source):
        yield QUERY
        return
    yield VARIED_QUERY
    pieces = list(pieces_of(source))
    if any(piece.part for piece in pieces):
        yield PART
    if any(len(piece.by_order) > 1 for piece in pieces):
        yield CHOICE
    if is_paged(source):
        yield PAGING


def varied_arguments(
    shape: QueryShape, spellings: Spellings, *, indent: int
) -> list[str]:
    """Return the lines of the arguments that say what can be chosen."""
    source = shape.source
    margin = " " * indent
    lines = [f"{margin}sql=("]
    lines += (_written(text, spellings, indent + 4) for text in _texts(source))
    lines.append(f"{margin}),")
    if source.needed:
        sets = tuple(tuple_of(tuple(map(string, each))) for each in source.needed)
        lines.append(
            lay_out(tuple_of(sets), indent=indent, before="needed=", after=",")
        )
    if source.ordering and source.ordering.page:
        lines.append(_paging(shape, source.ordering, spellings, indent))
    return lines


def _paging(
    shape: QueryShape, ordering: Ordering, spellings: Spellings, indent: int
) -> str:
    types = {column.name: column.type.name for column in shape.columns}

    def item(key: SortKey) -> str:
        bound = bound_as(key, types[key.name])
        return f"{string(python_name(key.name))}: {string(bound)}"

    keys = tuple(
        Brackets(
            f"{string(order)}: {{",
            tuple(map(item, found)),
            "}",
        )
        for order, found in ordering.keys
    )
    arguments = (
        Brackets("keys={", keys, "}"),
        f"limit={string(ordering.limit)}",
    )
    opening = f"{spell(PAGING, spellings)}("
    paging = Brackets(opening, arguments, ")")
    return lay_out(paging, indent=indent, before="paging=", after=",")


def page_call(
    source: QuerySource,
    constant: str,
    sent: Mapping[str, Code],
    bound: Mapping[str, Expression],
    spellings: Spellings,
) -> tuple[Code, ...]:
    """Return the arguments of `fetch_page`."""
    ordering = source.ordering
    assert ordering is not None  # the caller asked
    assert ordering.page is not None
    items = _items(source, sent, spellings)
    order = ("order=order",) if ordering.orders else ()
    limit = code_of(bound[ordering.limit], spellings)
    if isinstance(limit, Brackets):
        limit = replace(limit, opening=f"limit={limit.opening}")
    else:
        limit = f"limit={limit}"
    return (
        "connection",
        constant,
        Brackets("{", items, "}"),
        limit,
        "cursor=cursor",
        *order,
    )


def own_parameters(source: QuerySource, spellings: Spellings) -> list[Code]:
    """Return the declarations of the arguments that a directive adds."""
    ordering = source.ordering
    found: list[Code] = []
    if ordering and ordering.page:
        text = spell(STR, spellings)
        found.append(f"cursor: {text} | None = None")
    if ordering and ordering.orders:
        names = tuple(string(order.name) for order in ordering.orders)
        literal = spell(LITERAL, spellings)
        default = string(ordering.default or "")
        found.append(Brackets(f"order: {literal}[", names, f"] = {default}"))
    return found


def given_arguments(
    source: QuerySource, constant: str, sent: Mapping[str, Code], spellings: Spellings
) -> Brackets:
    """Return `*CONSTANT.given({…})` for the values that are sent."""
    values = Brackets("{", _items(source, sent, spellings), "}")
    order = ("order=order",) if source.ordering else ()
    return Brackets(f"*{constant}.given(", (values, *order), ")")


def _items(
    source: QuerySource, sent: Mapping[str, Code], spellings: Spellings
) -> tuple[Code, ...]:
    optional = source.optional_parameters
    return tuple(
        _named(name, _unless_unset(code, spellings) if name in optional else code)
        for name, code in sent.items()
    )


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


@dataclass(frozen=True, slots=True)
class _Text:
    """A text with `%(name)s` for parameters, or one for each order."""

    text: str
    by_order: tuple[tuple[str, str], ...] = ()
    part: OptionalPart | None = None


def _texts(source: QuerySource) -> Iterator[_Text]:
    """Yield the texts of a statement; neighbours that are always there become one."""
    plain = ""
    label = f" /* {source.qualified_name} */"
    for piece in pieces_of(source):
        text = _template(source, piece)
        if label and text:
            end = next(significant_tokens(text)).end
            text, label = f"{text[:end]}{label}{text[end:]}", ""
        chosen = piece.by_order if len(piece.by_order) > 1 else ()
        if piece.part is None and not chosen:
            plain += text
            continue
        if plain:
            yield _Text(plain)
        yield _Text(text, chosen, piece.part)
        plain = ""
    yield _Text(f"{plain}\n")


def _template(source: QuerySource, piece: Piece) -> str:
    if piece.by_order:
        return piece.by_order[0][1]
    if piece.text is not None:
        return piece.text
    position, text = piece.start, ""
    for placeholder in source.placeholders:
        if piece.start <= placeholder.start < piece.end:
            text += escaped(source.sql[position : placeholder.start])
            text += f"%({placeholder.name})s"
            position = placeholder.end
    return text + escaped(source.sql[position : piece.end])


def _written(text: _Text, spellings: Spellings, indent: int) -> str:
    if text.part is None:
        return _argument(text, spellings, indent)
    margin = " " * indent
    arguments: list[Code] = [
        replace(tuple_of(tuple(map(string, names))), opening=f"{name}=(")
        for name, names in (("all_of", text.part.all_of), ("any_of", text.part.any_of))
        if names
    ]
    if text.part.otherwise:
        arguments.append(f"otherwise={_literal(escaped(text.part.otherwise))}")
    name = spell(PART, spellings)
    literal = "" if text.by_order else _literal(text.text)
    if literal and "\n" not in literal:
        items = Brackets(f"{name}(", (literal, *arguments), ")")
        return lay_out(items, indent=indent, after=",")
    first = _argument(text, spellings, indent + 4)
    rest = [lay_out(each, indent=indent + 4, after=",") for each in arguments]
    return "\n".join([f"{margin}{name}(", first, *rest, f"{margin}),"])


def _argument(text: _Text, spellings: Spellings, indent: int) -> str:
    margin = " " * indent
    if not text.by_order:
        return f"{margin}{_literal(text.text)},"
    lines = [
        f"{margin}        {string(name)}: {_literal(each)},"
        for name, each in text.by_order
    ]
    opening = f"{margin}{spell(CHOICE, spellings)}(\n{margin}    {{"
    return "\n".join([opening, *lines, f"{margin}    }},", f"{margin}),"])


def _literal(text: str) -> str:
    short = string(text)
    is_short = len(re.findall("\n", text)) < 2 and len(short) < WIDTH - 20
    if is_short:
        return short
    if text.startswith("\n"):
        return text_block(text[1:]).replace("\\", "", 1)
    return text_block(text)
