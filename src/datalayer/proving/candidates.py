"""Values worth trying for each type of PostgreSQL."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from datalayer.lexer import TokenKind, significant_tokens
from datalayer.model import TypeKind
from datalayer.proving.model import Candidates
from datalayer.runtime.records import write_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datalayer.model import SqlType

_NULL_ELEMENT = re.compile(r"(?<=[{,])NULL(?=[,}])")
_MOMENTS = Candidates(
    ("now", "yesterday", "2024-02-29 12:00:00+00", "tomorrow"),
    ("epoch", "9999-12-31 12:00:00+00", "infinity", "-infinity"),
)
_TEXTS = Candidates(("a", "", "b", "1"), ("A", " ", "é😀", "a'b\\\"c", "%", "null"))
_FLOATS = Candidates(("1", "0", "0.5"), ("-1", "NaN", "Infinity", "-Infinity"))
_JSON = Candidates(
    ("{}", "null", "1", '"a"', "[]", "[null]", '{"a": null}', '{"a": {"a": 1}}'),
    ("true", "[{}]", "-1.5", '""', "1e30"),
)


def _integers(bits: int) -> Candidates:
    edge = 2 ** (bits - 1)
    return Candidates(("1", "0", "2", "3", "4", "5"), ("-1", str(edge - 1), str(-edge)))


#: What is tried for a type by its name, or for its kind below.
TYPES: dict[str, Candidates] = {
    "aclitem": Candidates(("=r/postgres",)),
    "bit": Candidates(("1", "0")),
    "bool": Candidates(("true", "false")),
    "box": Candidates(("(1,1),(0,0)", "(0,0),(0,0)")),
    "bytea": Candidates(("\\x01", "\\x"), ("\\x00ff", "\\x" + "00" * 32)),
    "char": Candidates(("a", "b"), ("", "\\")),
    "cid": Candidates(("0", "1"), ("4294967295",)),
    "cidr": Candidates(("10.0.0.0/8", "127.0.0.1/32"), ("::/0",)),
    "circle": Candidates(("<(0,0),1>",), ("<(1.5,-2),0>",)),
    "cube": Candidates(("(1, 2)", "(0),(1)")),
    "date": Candidates(
        ("today", "yesterday", "2024-02-29", "tomorrow"),
        ("epoch", "9999-12-31", "infinity", "-infinity"),
    ),
    "ean13": Candidates(("978-0-393-04002-9",)),
    "float4": _FLOATS,
    "float8": _FLOATS,
    "halfvec": Candidates(("[1,2,3]",), ("[0.5]",)),
    "hstore": Candidates(("", "a=>1", "a=>NULL"), ('"\\""=>"{,}", b=>""',)),
    "inet": Candidates(("127.0.0.1", "10.0.0.1/8"), ("::1",)),
    "int2": _integers(16),
    "int2vector": Candidates(("1", ""), ("1 -2",)),
    "int4": _integers(32),
    "int8": _integers(64),
    "interval": Candidates(
        ("1 hour", "0", "-1 day", "1 year 2 mons 3 days"), ("infinity", "1 microsecond")
    ),
    "isbn": Candidates(("0-393-04002-X",)),
    "isbn13": Candidates(("978-0-393-04002-9",)),
    "ismn": Candidates(("M-060-11561-5",)),
    "ismn13": Candidates(("979-0-060-11561-5",)),
    "issn": Candidates(("1436-4522",)),
    "issn13": Candidates(("977-1436-452-00-8",)),
    "json": _JSON,
    "jsonb": _JSON,
    "jsonpath": Candidates(("$", "$.a"), ("$[*] ? (@ > 1)",)),
    "line": Candidates(("{1,2,3}",)),
    "lquery": Candidates(("*", "Top.*"), ("*{2}",)),
    "lseg": Candidates(("[(0,0),(1,1)]",)),
    "ltree": Candidates(("Top", "Top.A"), ("",)),
    "ltxtquery": Candidates(("Top",), ("Top & !A*@",)),
    "macaddr": Candidates(("08:00:2b:01:02:03",), ("00:00:00:00:00:00",)),
    "macaddr8": Candidates(("08:00:2b:01:02:03:04:05",)),
    "money": Candidates(("1", "0"), ("-0.01",)),
    "numeric": Candidates(("1", "0", "2.50"), ("-1", "NaN", "Infinity", "1e-9")),
    "oid": Candidates(("1", "0"), ("4294967295",)),
    "oidvector": Candidates(("1", ""), ("1 4294967295",)),
    "path": Candidates(("((0,0),(1,1))", "[(0,0),(1,1)]")),
    "pg_lsn": Candidates(("0/1", "0/0"), ("FFFFFFFF/FFFFFFFF",)),
    "pg_snapshot": Candidates(("10:20:10,14,15",), ("1:1:",)),
    "point": Candidates(("(0,0)", "(1.5,-2)"), ("(NaN,Infinity)",)),
    "polygon": Candidates(("((0,0),(1,1),(1,0))",)),
    "query_int": Candidates(("1", "1 & 2"), ("!3",)),
    "regclass": Candidates(("pg_class",), ("-",)),
    "regcollation": Candidates(('"C"',), ("-",)),
    "regconfig": Candidates(("simple",), ("-",)),
    "regdictionary": Candidates(("simple",), ("-",)),
    "regnamespace": Candidates(("pg_catalog",), ("-",)),
    "regoper": Candidates(("*<>",), ("0",)),
    "regoperator": Candidates(("+(integer,integer)",), ("0",)),
    "regproc": Candidates(("now",), ("-",)),
    "regprocedure": Candidates(("abs(bigint)",), ("-",)),
    "regrole": Candidates(("pg_monitor",), ("-",)),
    "regtype": Candidates(("integer", "text"), ("-",)),
    "seg": Candidates(("1.5", "1 .. 2"), ("<3",)),
    "sparsevec": Candidates(("{1:1.5,3:2}/5",), ("{}/2",)),
    "tid": Candidates(("(0,1)",), ("(4294967295,65535)",)),
    "time": Candidates(("12:00:00", "00:00:00"), ("23:59:59.999999",)),
    "timestamp": _MOMENTS,
    "timestamptz": _MOMENTS,
    "timetz": Candidates(("12:00:00+00", "00:00:00+00"), ("23:59:59.999999+00",)),
    "tsquery": Candidates(("a", "a & b"), ("",)),
    "tsvector": Candidates(("a", "a:1 b:2"), ("",)),
    "txid_snapshot": Candidates(("10:20:10,14,15",), ("1:1:",)),
    "upc": Candidates(("220500074626",)),
    "uuid": Candidates(
        (
            "00000000-0000-4000-8000-000000000001",
            "00000000-0000-4000-8000-000000000002",
            "00000000-0000-4000-8000-000000000003",
            "00000000-0000-4000-8000-000000000004",
            "00000000-0000-4000-8000-000000000005",
        ),
        ("00000000-0000-0000-0000-000000000000",),
    ),
    "varbit": Candidates(("1", "0"), ("",)),
    "vector": Candidates(("[1,2,3]",), ("[0.5]",)),
    "xid": Candidates(("0", "1"), ("4294967295",)),
    "xid8": Candidates(("0", "1"), ("18446744073709551615",)),
    "xml": Candidates(("<a/>", "a"), ("",)),
}
for _name in ("bpchar", "citext", "name", "refcursor", "text", "varchar"):
    TYPES[_name] = _TEXTS

#: The types whose values can be any constant of a statement.
TEXTUAL = frozenset({"bpchar", "citext", "name", "text", "varchar"})
NUMERIC = frozenset({"float4", "float8", "int2", "int4", "int8", "numeric"})

# For a type that nobody knows here: one of them may be its way of writing.
_PLACES = "0/1 (0,0) [(0,0),(1,1)] ((0,0),(1,1)) {1,2,3} <(0,0),1> (0,1)"
_NAMES = "08:00:2b:01:02:03 08:00:2b:01:02:03:04:05 a=>1 a=>NULL Top.A 10:20:10,14,15"
_ANYTHING = Candidates(
    (
        *("a", "1", "0"),
        *_PLACES.split(),
        *_NAMES.split(),
        *("(" + "," * count + ")" for count in range(6)),
        *("(1" + ",1" * count + ")" for count in range(6)),
    ),
    ("", "{}", "empty"),
)


def candidates_of(type_: SqlType) -> Candidates:
    """Return what to try for a type; not all of it need be one of its values."""
    if type_.kind is TypeKind.ENUM:
        return Candidates(type_.labels)
    if type_.kind is TypeKind.ARRAY and type_.element:
        return _arrays(candidates_of(type_.element), type_.element.delimiter)
    if type_.kind in (TypeKind.RANGE, TypeKind.MULTIRANGE) and type_.element:
        ranges = _ranges(candidates_of(type_.element))
        return ranges if type_.kind is TypeKind.RANGE else _multiranges(ranges)
    if type_.kind is TypeKind.COMPOSITE:
        return _records([candidates_of(field.type) for field in type_.fields])
    return TYPES.get(type_.name, _ANYTHING)


def _records(fields: Sequence[Candidates]) -> Candidates:
    """Return composite values: the plain one, those with one NULL, and varied ones."""
    plain = [next(iter(each.common), None) for each in fields]
    alone = [[*plain[:at], None, *plain[at + 1 :]] for at in range(len(fields))]
    every = [(*each.common, *each.exotic) for each in fields]
    longest = min(6, max(map(len, every), default=0))
    varied = [
        [texts[number % len(texts)] if texts else None for texts in every]
        for number in range(1, longest)
    ]
    common: list[list[str | None]] = [plain, [None] * len(fields), *varied[:2]]
    exotic: list[list[str | None]] = [*alone[:6], *varied[2:]]
    return Candidates(
        tuple(dict.fromkeys(write_record(each) for each in common)),
        tuple(write_record(each) for each in exotic),
    )


def _arrays(elements: Candidates, delimiter: str) -> Candidates:
    # Of one dimension: what `list[int]` says of an array.
    several = [array_of([each]) for each in (*elements.common, *elements.exotic)]
    both = array_of([*elements.common[:1], None, *elements.common[1:2]], delimiter)
    pair = array_of(elements.common[:2], delimiter)
    return Candidates(("{}", *several[:1], "{NULL}", both, pair), tuple(several[1:6]))


def array_of(elements: Sequence[str | None], delimiter: str = ",") -> str:
    """Return an array as text."""
    return "{" + delimiter.join(map(_element, elements)) + "}"


def _element(text: str | None) -> str:
    if text is None:
        return "NULL"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _ranges(bounds: Candidates) -> Candidates:
    first, *rest = (*bounds.common, *bounds.exotic)
    common = [f'["{first}",)', f'(,"{first}")', "(,)", "empty"]
    for other in rest[:3]:
        common += (f'["{first}","{other}")', f'["{other}","{first}")')
    return Candidates(tuple(common))


def _multiranges(ranges: Candidates) -> Candidates:
    some = tuple(f"{{{each}}}" for each in ranges.common)
    return Candidates(("{}", *some))


@functools.cache
def constants_in(sql: str) -> tuple[str, ...]:
    """Return the strings and numbers of a piece of SQL, each once, in their order."""
    found: dict[str, None] = {}
    for token in significant_tokens(sql):
        if token.kind is TokenKind.STRING and token.text.startswith("'"):
            found[token.text[1:-1].replace("''", "'")] = None
        elif token.kind is TokenKind.NUMBER:
            found[token.text] = None
    return tuple(found)


@functools.cache
def matching(pattern: str) -> tuple[str, ...]:
    """Return two texts for a constant that is a regular expression, if it is one."""
    if not pattern.startswith("^") or not pattern.endswith("$"):
        return ()
    from hypothesis import HealthCheck, Phase, errors, find, settings, strategies  # noqa: PLC0415 - an extra, and slow to import

    fast = settings(
        max_examples=10,
        database=None,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=(
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.too_slow,
        ),
    )
    try:
        texts = strategies.from_regex(pattern, fullmatch=True)
        first = find(texts, lambda _: True, settings=fast)
        return (
            first,
            find(texts, lambda text: text != first, settings=fast),
        )
    except (re.error, errors.HypothesisException):
        # PostgreSQL's expressions are not quite those of Python.
        return ()


def without_null_elements(known: Candidates) -> Candidates:
    """Return candidates of an array whose elements cannot be NULL."""
    return Candidates(
        tuple(each for each in known.common if not _NULL_ELEMENT.search(each)),
        tuple(each for each in known.exotic if not _NULL_ELEMENT.search(each)),
    )


def with_constants(
    known: Candidates, type_: SqlType, constants: Iterable[str]
) -> Candidates:
    """Return candidates with the constants of a statement that may suit their type."""
    if type_.name in TEXTUAL:
        more = tuple(constants)
    elif type_.kind is TypeKind.ENUM:
        return preferred(known, constants)
    elif type_.kind is TypeKind.ARRAY and type_.element:
        own = with_constants(Candidates(), type_.element, constants).common
        more = tuple(array_of([each]) for each in dict.fromkeys(own))
    elif type_.name in NUMERIC:
        more = tuple(each for each in constants if each.isdigit() and len(each) < 10)
    elif type_.name in ("json", "jsonb"):
        more = _documents([each for each in constants if each.isidentifier()])
    else:
        more = ()
    fresh = tuple(each for each in more if each not in known.common)
    # What the statement itself names matters most.
    return Candidates(known.common + fresh * 3, known.exotic)


def preferred(known: Candidates, constants: Iterable[str]) -> Candidates:
    """Return candidates among which those are frequent that a statement names."""
    named = tuple(each for each in constants if each in known.common)
    return Candidates(known.common + named * 3, known.exotic)


def _documents(keys: Sequence[str]) -> tuple[str, ...]:
    found = []
    for value in ('"a"', "null", "1"):
        found += [f'{{"{key}": {value}}}' for key in keys]
    if len(keys) > 1:
        pairs = ", ".join(f'"{key}": "a"' for key in keys)
        found.append(f"{{{pairs}}}")
    return tuple(found)
