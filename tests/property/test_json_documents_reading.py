"""Documents as the classes of their authors, without a server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import document_classes
import psycopg
import pytest
from document_classes import VALUES, Both, Meta, Named, Point
from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample
from json_mutants import MUTANTS, Mutant
from odd_document_classes import ODD, JustNames, Looked, Renamed

from datalayer.errors import JsonMismatchError, UnsupportedJsonType
from datalayer.proving.documents import documents_of
from datalayer.runtime import Query, json_array, json_type, json_value, json_values
from datalayer.runtime.documents import JsonReader
from datalayer.runtime.json import dumps
from datalayer.runtime.rows import build_results

PROPERTY = Path(__file__).resolve().parent


def read(name: str, text: str, *, validated: bool = False, many: bool = False) -> Any:  # noqa: ANN401 - of the class
    """Return a document as a generated function would."""
    type_ = getattr(document_classes, name)
    reader = json_type(type_, f"document_classes.{name}", validated=validated)
    return _run(json_array(reader) if many else reader, text)


def _run(reader: JsonReader, text: object) -> Any:  # noqa: ANN401 - of the class
    is_document = isinstance(text, str) and not reader.of_elements
    value = str(text).encode() if is_document else text
    query: Query[Any] = Query("get", "get.sql:1", "SELECT 1", convert=((0, reader),))
    # Nothing asks the cursor here.
    return build_results(query, [(value,)], cast("psycopg.Cursor[Any]", None))[0]


REPORT: dict[str, Any] = {
    "author": 1,
    "title": None,
    "moment": "2024-02-29T12:00:00Z",
    "day": "2024-02-29",
    "time": "12:00:00",
    "key": "00000000-0000-4000-8000-000000000001",
    "price": {"amount": 0},
    "mood": "happy",
    "colours": {},
    "entries": [],
    "pair": [1, None],
    "ratios": [],
    "either": None,
    "anything": {},
    "prices": {},
}

#: What is put into the report, where the reason is found, and what it is.
WRONG: dict[str, tuple[dict[str, object], str, str]] = {
    "text for a number": (
        {"author": "1"},
        "$.author",
        "found a string, expected `int`",
    ),
    "truth for a number": ({"author": True}, "$.author", "found a boolean"),
    "fraction for an int": ({"author": 1.0}, "$.author", "found a number"),
    "nothing for a text": ({"day": None}, "$.day", "found null, expected `date`"),
    "no day": ({"day": "x"}, "$.day", "found another string, expected `date`"),
    "no decimal": ({"price": {"amount": "x"}}, "$.price.amount", "expected `Decimal`"),
    "truth for a decimal": ({"price": {"amount": True}}, "$.price.amount", "boolean"),
    "other literal": (
        {"price": {"amount": 1, "currency": "USD"}},
        "$.price.currency",
        "found another value, expected `'EUR'` or `'CHF'`",
    ),
    "other label": ({"mood": True}, "$.mood", "`1`, `'happy'` or `None`"),
    "other key": ({"colours": {"green": True}}, "$.colours.green", "`'red'`"),
    "odd key": ({"prices": {"a b": 1}}, '$.prices["a b"]', "`Price | None`"),
    "too few": ({"pair": [1]}, "$.pair", "found 1 elements, expected 2"),
    "element of a tuple": ({"pair": [1, 2]}, "$.pair[1]", "expected `str | None`"),
    "no tuple": ({"pair": {}}, "$.pair", "found an object"),
    "element": ({"ratios": [1, "2"]}, "$.ratios[1]", "expected `float`"),
    "too large": ({"ratios": [10**400]}, "$.ratios[0]", "a number too large"),
    "no list": ({"tags": "abc"}, "$.tags", "found a string, expected `list[str]`"),
    "no dictionary": ({"colours": []}, "$.colours", "found an array"),
    "no member of a union": ({"either": 1.5}, "$.either", "found a number"),
    "inside a member": ({"either": [1]}, "$.either[0]", "expected `bool`"),
    "no tag": ({"entries": [{"text": ""}]}, "$.entries[0].kind", "`'note'`"),
    "unhashable tag": ({"entries": [{"kind": []}]}, "$.entries[0].kind", "`'note'`"),
    "of a tag": ({"entries": [{"kind": "call"}]}, "$.entries[0]", "found no `minutes`"),
    "below itself": ({"parts": [{}]}, "$.parts[0]", "found no `author`"),
}


def test_a_report_is_read() -> None:
    report = read("Report", json.dumps(REPORT))

    assert (report.price.currency, report.tags, report.parts) == ("EUR", (), [])


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_with_its_place(case: str) -> None:
    change, path, reason = WRONG[case]

    with pytest.raises(JsonMismatchError) as caught:
        read("Report", json.dumps(REPORT | change))

    assert caught.value.path == path
    assert reason in caught.value.reason


def test_the_message_says_all() -> None:
    with pytest.raises(JsonMismatchError) as caught:
        read("Reports", json.dumps([REPORT | {"day": 5}]))

    assert str(caught.value) == (
        "query `get` (get.sql:1): `its value` is no `document_classes.Reports`:"
        " found a number, expected `date` at `$[0].day`"
    )
    assert getattr(caught.value, "__notes__", []) == []


def test_a_json_null_goes_through_the_class() -> None:
    with pytest.raises(JsonMismatchError, match="found null, expected `Report`"):
        read("Report", "null")
    assert _run(json_value, "null") is None


def test_numbers_keep_their_digits_where_decimals_are_asked_for() -> None:
    digits = "0.12345678901234567890123"
    text = json.dumps(REPORT | {"anything": [1.5]}).replace(": 0}", f": {digits}}}")

    report = read("Report", text)

    assert str(report.price.amount) == digits
    assert report.anything == [1.5]
    assert type(report.anything[0]) is float


def test_a_typed_dict_is_compared_on_demand() -> None:
    assert read("Meta", '{"author": 1}') == {"author": 1}
    with pytest.raises(JsonMismatchError, match=r"expected `str` at `\$.author`"):
        read("Meta", '{"author": 1}', validated=True)
    with pytest.raises(JsonMismatchError, match="found no `author`"):
        read("Meta", "{}", validated=True)


def test_what_a_typed_dict_does_not_name_is_kept() -> None:
    expected: Meta = {"author": "a", "more": 1}  # type: ignore[typeddict-unknown-key]
    assert read("Meta", '{"author": "a", "more": 1}', validated=True) == expected


def test_a_typed_dict_with_more_than_json_is_made() -> None:
    moved = read("Moved", '{"to": {"amount": "1.50"}}')

    assert type(moved["to"]) is document_classes.Price
    with pytest.raises(JsonMismatchError, match="found null, expected `datetime`"):
        read("Moved", '{"at": null}')


def test_a_recursive_alias_is_compared_on_demand() -> None:
    assert read("Tree", '{"a": "b"}') == {"a": "b"}
    with pytest.raises(JsonMismatchError, match=r"found a string.* at `\$.a.b`"):
        read("Tree", '{"a": {"b": "c"}}', validated=True)


def test_libraries_tell_their_reasons() -> None:
    with pytest.raises(JsonMismatchError, match=r"expected `int`.* at `\$.x`"):
        read("Point", '{"x": "1"}')
    with pytest.raises(JsonMismatchError, match=r"valid string at `\$.Name`"):
        read("Named", '{"Name": 1}')
    with pytest.raises(JsonMismatchError, match=r"\(and 1 more\) at `\$.key`"):
        read("Strict", "{}")
    with pytest.raises(JsonMismatchError, match=r"`int`, got `str` at `\$.point.x`"):
        read("Both", '{"point": {"x": "1"}, "named": null}')


def test_reasons_of_pydantic_do_not_show_values() -> None:
    with pytest.raises(JsonMismatchError) as caught:
        read("Named", '{"Name": "a", "at": "secret"}')

    assert "secret" not in str(caught.value)


def test_an_element_that_does_not_fit_is_refused_with_its_place() -> None:
    items = [None, b'{"author": "a"}', b'{"author": 1}']
    reader = json_array(json_type(Meta, "document_classes.Meta", validated=True))

    with pytest.raises(JsonMismatchError) as caught:
        _run(reader, items)

    assert caught.value.path == "$[2].author"


def test_an_array_of_a_domain_arrives_as_text() -> None:
    reader = json_array(json_type(Meta, "document_classes.Meta"))

    assert _run(reader, '{"{\\"author\\": \\"é\\"}",NULL}') == [{"author": "é"}, None]


@pytest.mark.parametrize("name", sorted(ODD))
def test_a_class_that_has_no_form_in_json_is_refused(name: str) -> None:
    type_, reason = ODD[name]

    with pytest.raises(UnsupportedJsonType, match=reason) as caught:
        _run(json_type(type_, f"odd_document_classes.{name}"), "{}")

    assert caught.value.type_name == f"odd_document_classes.{name}"


def test_a_class_can_refuse_what_its_fields_accept() -> None:
    reader = json_type(Looked, "odd_document_classes.Looked")

    with pytest.raises(JsonMismatchError, match="`Looked` refuses it: too small"):
        _run(reader, '{"size": 0}')


def test_qualifiers_in_quotes_are_seen() -> None:
    reader = json_type(Renamed, "odd_document_classes.Renamed", validated=True)

    assert _run(reader, '{"old": 1}') == {"old": 1}
    with pytest.raises(JsonMismatchError, match="found no `old`"):
        _run(reader, "{}")


def test_an_alias_of_plain_json_is_left_alone() -> None:
    assert _run(json_type(JustNames, "odd_document_classes.JustNames"), "[1]") == [1]


@pytest.fixture(params=["orjson", "standard library"])
def _encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encode with orjson, and as an installation without it does."""
    if request.param != "orjson":
        monkeypatch.setattr("datalayer.runtime.json._orjson_dumps", None)


@pytest.mark.usefixtures("_encoder")
def test_values_are_written_alike_with_any_encoder() -> None:
    value = [Both(Point(1, label=b"a"), Named(Name="b"))]

    assert json.loads(dumps(value)) == [
        {
            "point": {"x": 1, "y": None, "at": None, "amount": "0", "label": "YQ=="},
            "named": {
                "Name": "b",
                "at": None,
                "amount": "0",
                "colours": {},
                "took": "PT0S",
            },
        }
    ]


@pytest.mark.usefixtures("_encoder")
@pytest.mark.parametrize("value", [Point(1, float("nan")), [Point(1, float("inf"))]])
def test_a_nan_in_a_struct_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps(value)


_WITHOUT_LIBRARIES = """\
import sys
for name in ("msgspec", "orjson", "pydantic"):
    sys.modules[name] = None
import plain_document_classes as classes
from datalayer.runtime import json_type
from datalayer.runtime.documents import JsonReader
from datalayer.runtime.json import dumps
reader = json_type(classes.Person, "plain_document_classes.Person")
person = classes.Person("a", [classes.Pet("b", classes.Kind.CAT)])
assert reader(dumps(person)) == person, reader(dumps(person))
assert not [name for name in ("msgspec", "orjson", "pydantic") if sys.modules[name]]
"""


def test_dataclasses_need_no_library() -> None:
    subprocess.run(
        [sys.executable, "-c", _WITHOUT_LIBRARIES],
        check=True,
        cwd=PROPERTY,
        env={"PYTHONPATH": f"{PROPERTY}:{PROPERTY.parents[1] / 'src'}"},
    )


def test_neither_library_is_imported_for_others() -> None:
    script = _WITHOUT_LIBRARIES.replace("sys.modules[name] = None", "pass").replace(
        "if sys.modules[name]", "if name in sys.modules and name != 'orjson'"
    )
    subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        cwd=PROPERTY,
        env={"PYTHONPATH": f"{PROPERTY}:{PROPERTY.parents[1] / 'src'}"},
    )


def survives(name: str, value: object) -> bool:
    """Tell whether a value is the same after it was written and read."""
    type_ = getattr(document_classes, name)
    reader = json_type(type_, f"document_classes.{name}", validated=True)
    try:
        found = _run(reader, dumps(value).decode())
    except (JsonMismatchError, TypeError, ValueError):
        return False
    return bool(found == value)


_SEARCH = settings(max_examples=300, database=None, phases=(Phase.generate,))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_wrong_way_is_noticed(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = VALUES[mutant.noticed]
    monkeypatch.setattr(mutant.module, mutant.attribute, mutant.replacement)
    # It is imported by name there.
    monkeypatch.setattr("datalayer.runtime.json.plain", json_values.plain)

    find(values, lambda value: not survives(mutant.noticed, value), settings=_SEARCH)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_the_right_way_is_not_called_wrong(name: str) -> None:
    with pytest.raises(NoSuchExample):
        find(
            VALUES[name],
            lambda value: not survives(name, value),
            settings=settings(_SEARCH, max_examples=20),
        )


@pytest.mark.parametrize("name", sorted(VALUES))
def test_documents_that_fit_are_made_for_the_proof(name: str) -> None:
    type_ = getattr(document_classes, name)
    resolved = eval(type_, vars(document_classes)) if isinstance(type_, str) else type_

    documents = documents_of(resolved, f"document_classes.{name}")

    assert [read(name, text, validated=True) for text in documents] != []


_ONE_LIBRARY = {
    "msgspec": "class Point(msgspec.Struct):\n    x: int\n",
    "pydantic": "class Point(pydantic.BaseModel):\n    x: int\n",
}


@pytest.mark.parametrize("library", sorted(_ONE_LIBRARY))
def test_one_library_does_not_need_the_other(library: str) -> None:
    (other,) = _ONE_LIBRARY.keys() - {library}
    script = f"""\
import sys
sys.modules[{other!r}] = sys.modules["orjson"] = None
import {library}
from datalayer.runtime import json_type
from datalayer.runtime.json import dumps
{_ONE_LIBRARY[library]}
read = json_type(list[Point], "__main__.Points")
assert read(dumps([Point(x=1)])) == [Point(x=1)]
"""
    subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        env={"PYTHONPATH": str(PROPERTY.parents[1] / "src")},
    )
