"""Composite values survive the way to PostgreSQL and back, whatever is in them."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum
from type_values import TEXTS, VALUES

from datalayer.runtime import forms
from datalayer.runtime.records import parse_record, write_record
from datalayer.server import Server, scratch_database

CASE = Path(__file__).resolve().parents[1] / "golden" / "modules" / "composites"
_TEXT = TEXTS["text"]
_AWKWARD = st.text(" ,(){}\"'\\\nNULé", max_size=5)
_POSITIVE = st.integers(1, 100)

#: Of the fields of `everything` that hold no composite values, without any NaN.
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "a_bool": st.booleans(),
    "a_bytea": st.binary(),
    "a_cidr": VALUES["cidr"],
    "a_date": VALUES["date"],
    "a_float": st.floats(allow_nan=False),
    "a_inet": VALUES["inet"],
    "a_int2": VALUES["int2"],
    "a_int8": VALUES["int8"],
    "a_json": VALUES["json"],
    "a_jsonb": VALUES["jsonb"],
    "a_multirange": VALUES["datemultirange"],
    "a_numeric": st.decimals(allow_nan=False, places=10),
    "a_oid": VALUES["oid"],
    "a_range": VALUES["tstzrange"],
    "a_real": st.integers(-1000, 1000).map(float),
    "a_text": _TEXT | _AWKWARD,
    "a_time": VALUES["time"],
    "a_timestamp": VALUES["timestamp"],
    "a_timestamptz": VALUES["timestamptz"],
    "a_timetz": VALUES["timetz"],
    "a_tsrange": VALUES["tsrange"],
    "a_uuid": VALUES["uuid"],
    "a_varchar": st.text("ab ,", max_size=10),
    "a_positive": _POSITIVE,
    "an_interval": VALUES["interval"],
    "boxes": st.lists(st.none() | TEXTS["box"], max_size=3),
    "bytes": st.lists(st.none() | st.binary(), max_size=3),
    "positives": st.lists(st.none() | _POSITIVE, max_size=3),
    "lists": st.lists(
        st.none() | st.lists(st.none() | VALUES["int4"], max_size=3), max_size=3
    ),
    "times": st.lists(st.none() | VALUES["timestamptz"], max_size=3),
    "texts": st.lists(st.none() | _TEXT | _AWKWARD, max_size=3),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Generated:
    """The generated modules of the case."""

    composites: ModuleType
    person: ModuleType
    moods: list[Any]

    def addresses(self) -> st.SearchStrategy[Any]:
        """Return values of a small composite type."""
        street, number = st.none() | _AWKWARD, st.none() | VALUES["int4"]
        return st.builds(self.composites.PublicAddress, street, number)

    def everything(self) -> st.SearchStrategy[Any]:
        """Return values of which a few fields are not NULL."""
        addresses, moods = self.addresses(), st.sampled_from(self.moods)
        fields = PLAIN | {
            "a_mood": moods,
            "an_address": addresses,
            # The domain wants a street, or NULL.
            "a_home": addresses.filter(lambda each: each.street != ""),
            "a_shelf": st.builds(self.composites.KitchenAddress, VALUES["int4"]),
            "moods": st.lists(st.none() | moods, max_size=3),
            "addresses": st.lists(st.none() | addresses, max_size=3),
        }
        names = [field.name for field in dataclasses.fields(self.composites.Everything)]
        chosen = st.lists(st.sampled_from(sorted(fields)), max_size=3, unique=True)
        nothing = dict.fromkeys(names)
        return chosen.flatmap(
            lambda some: st.fixed_dictionaries({name: fields[name] for name in some})
        ).map(lambda values: self.composites.Everything(**(nothing | values)))


@pytest.fixture(scope="module")
def generated() -> Iterator[Generated]:
    sys.path.insert(0, str(CASE))
    try:
        composites = importlib.import_module("expected.composites")
        person = importlib.import_module("expected.person")
        moods = list(importlib.import_module("expected.enums").Mood)
        yield Generated(composites, person, moods)
    finally:
        sys.path.remove(str(CASE))
        for name in [n for n in sys.modules if n.partition(".")[0] == "expected"]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def shared(server: Server) -> Iterator[psycopg.Connection[Any]]:
    """A connection for many transactions, each of which is rolled back."""
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute((CASE / "schema.sql").read_bytes())
        yield connection


@pytest.fixture
def session(shared: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    """A connection of its own, in a transaction that is rolled back."""
    with psycopg.connect(shared.info.dsn) as connection:
        yield connection
        connection.rollback()


def create(
    connection: psycopg.Connection[Any], generated: Generated, **given: object
) -> Any:  # noqa: ANN401 - a row of a generated class
    """Store a person and return its row."""
    unsaid = dict.fromkeys(["home", "everything", "awkward", "nothing", "lists"])
    values: dict[str, object] = {**unsaid, "name": "a", "homes": [], **given}
    generated.person.create_person(connection, id=1, **values)
    (row,) = generated.person.list_people(connection)
    return row


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_composite_value_comes_back(
    shared: psycopg.Connection[Any], generated: Generated, data: st.DataObject
) -> None:
    check_round_trip(shared, generated, data)


def check_round_trip(
    shared: psycopg.Connection[Any], generated: Generated, data: st.DataObject
) -> None:
    """Fail when a value differs from what was stored, as a column or in a row."""
    everything = data.draw(generated.everything())
    homes = data.draw(st.lists(st.none() | generated.addresses(), max_size=3))
    homes = [each for each in homes if each is None or each.street != ""]

    with shared.transaction(force_rollback=True):
        row = create(shared, generated, everything=everything, homes=homes)
        whole = generated.person.get_person(shared, id=1)
        shared.execute("DELETE FROM person")
        generated.person.create_people(shared, people=[whole])
        again = generated.person.get_person(shared, id=1)

    assert (row.everything, row.homes) == (everything, homes)
    assert (whole.everything, whole.homes, again) == (everything, homes, whole)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_arrays_of_enums_and_domains_come_back(
    shared: psycopg.Connection[Any], generated: Generated, data: st.DataObject
) -> None:
    moods = data.draw(st.lists(st.none() | st.sampled_from(generated.moods)))
    positives = data.draw(PLAIN["positives"])
    boxes = data.draw(PLAIN["boxes"])

    with shared.transaction(force_rollback=True):
        create(shared, generated)
        generated.person.set_arrays(
            shared, id=1, boxes=boxes, moods=moods, positives=positives
        )
        (row,) = generated.person.list_people(shared)

    assert (row.boxes, row.moods, row.positives) == (boxes, moods, positives)


# Versions that are broken: each must be noticed.


def _without_doubled_quotes(text: str) -> list[str | None]:
    return [None if e is None else e.replace('""', '"') for e in parse_record(text)]


def _with_empty_as_null(text: str) -> list[str | None]:
    return [each or None for each in parse_record(text)]


def _without_escapes(fields: Iterable[str | None]) -> str:
    return "(" + ",".join("" if f is None else f'"{f}"' for f in fields) + ")"


def _with_null_as_empty(fields: Iterable[str | None]) -> str:
    return write_record(field or "" for field in fields)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("parse_record", _without_doubled_quotes),
        ("parse_record", _with_empty_as_null),
        ("write_record", _without_escapes),
        ("write_record", _with_null_as_empty),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_broken_version_is_noticed(
    shared: psycopg.Connection[Any],
    generated: Generated,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    broken: Callable[..., object],
) -> None:
    monkeypatch.setattr(forms, name, broken)

    @settings(
        max_examples=300,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
    )
    @given(data=st.data())
    def law(data: st.DataObject) -> None:
        check_round_trip(shared, generated, data)

    with pytest.raises((AssertionError, ValueError, psycopg.Error)):
        law()


# What is set for the session, and what somebody registered.


def test_times_are_in_the_zone_of_the_session(
    session: psycopg.Connection[Any], generated: Generated
) -> None:
    session.execute("SET timezone = 'Asia/Kolkata'")
    found = session.execute("SELECT now()").fetchone()
    assert found is not None
    everything = generated.composites.Everything
    names = [field.name for field in dataclasses.fields(everything)]
    value = everything(**(dict.fromkeys(names) | {"a_timestamptz": found[0]}))

    row = create(session, generated, everything=value)

    assert row.everything.a_timestamptz.tzinfo == ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize(
    "setting", ["bytea_output = 'escape'", "client_encoding = 'LATIN1'"]
)
def test_settings_of_the_session_do_not_matter(
    session: psycopg.Connection[Any], generated: Generated, setting: str
) -> None:
    session.execute(f"SET {setting}".encode())
    everything = generated.composites.Everything
    names = [field.name for field in dataclasses.fields(everything)]
    some = {"a_bytea": b"\0\\\xff'\"", "texts": ["é\\"], "a_text": "é"}
    value = everything(**(dict.fromkeys(names) | some))

    assert create(session, generated, everything=value).everything == value


def test_registered_types_do_not_matter(
    session: psycopg.Connection[Any], generated: Generated
) -> None:
    for name in ("address", "everything", "person"):
        info = CompositeInfo.fetch(session, name)
        assert info is not None
        register_composite(info, session)
    mood = EnumInfo.fetch(session, "mood")
    assert mood is not None
    register_enum(mood, session)
    address = generated.composites.PublicAddress("a", None)
    everything = generated.composites.Everything
    names = [field.name for field in dataclasses.fields(everything)]
    some = {"a_mood": generated.moods[1], "addresses": [address], "an_address": address}
    value = everything(**(dict.fromkeys(names) | some))

    row = create(session, generated, everything=value, homes=[address], home=address)

    assert (row.everything, row.homes, row.home) == (value, [address], address)
    assert generated.person.get_person(session, id=1).everything == value


def test_a_composite_value_comes_through_a_pipeline(
    session: psycopg.Connection[Any], generated: Generated
) -> None:
    address = generated.composites.PublicAddress("a", 1)
    with session.pipeline():
        row = create(session, generated, home=address)

    assert row.home == address


def test_a_composite_value_can_be_looked_for(
    session: psycopg.Connection[Any], generated: Generated
) -> None:
    address = generated.composites.PublicAddress('"a", (b)', None)
    everything = generated.composites.Everything
    names = [field.name for field in dataclasses.fields(everything)]
    some = {"a_mood": generated.moods[2], "a_positive": 7}
    value = everything(**(dict.fromkeys(names) | some))
    create(session, generated, home=address, everything=value)

    found = generated.person.list_by_home(
        session, home=address, moods=generated.moods, numbers=[7]
    )

    assert [row.name for row in found] == ["a"]


def test_a_type_that_has_changed_is_an_error(
    session: psycopg.Connection[Any], generated: Generated
) -> None:
    create(session, generated, home=generated.composites.PublicAddress("a", 1))
    session.execute("ALTER TYPE address ADD ATTRIBUTE floor int")

    with pytest.raises(ValueError, match=r"PublicAddress has 2 fields, and 3 came"):
        generated.person.list_people(session)
