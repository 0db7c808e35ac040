"""Uses of generated modules that a type checker must accept, and understand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, assert_type
from uuid import UUID

import psycopg
from psycopg.rows import DictRow, TupleRow
from psycopg.types.range import Range

import datalayer
import datalayer.aio
from cases.composites import person as composite_person
from cases.composites.composites import KitchenAddress, PublicAddress
from cases.composites.composites import Person as WholePerson
from cases.defaults import thing
from cases.domains import customer
from cases.domains.domains import EmailAddress, PublicPrice, WorkAddress
from cases.enums import person
from cases.enums.aio import person as aio_person
from cases.enums.enums import KitchenHeat, Mood, PublicHeat
from cases.extension_types import items
from cases.json_types import document
from cases.json_types.types import Body, Meta
from cases.names.folder import trap
from cases.operations.aio.shop import item as aio_item
from cases.operations.shop import item
from cases.own_types import measures
from cases.types import sample
from datalayer.runtime import NO_ROW, CidrNetwork, InetAddress, JsonValue, NoRow, Query


def operations(connection: psycopg.Connection[TupleRow]) -> None:
    """Each operation has its own kind of result."""
    assert_type(item.list_items(connection, min_id=1), list[item.Item])
    assert_type(item.get_item(connection, id=1), item.Item | None)
    assert_type(item.get_totals(connection), item.GetTotalsRow)
    assert_type(item.count_items(connection), int)
    assert_type(item.get_highest_price(connection), Decimal | None)
    assert_type(item.get_name(connection, id=1), str | None)
    assert_type(item.get_price(connection, id=1), Decimal | None | NoRow)
    assert_type(item.rename_item(connection, id=1, name="a"), int)
    created = item.create_item(connection, name="a", price=None)
    assert_type(created, item.CreateItemRow)
    assert_type(created.added_at, datetime)
    sets = [item.AddItemsParameters(name="a", price=Decimal(1))]
    assert_type(item.add_items(connection, sets), int)
    assert_type(item.add_items(connection, (each for each in sets)), int)
    assert_type(item.LIST_ITEMS, Query[item.Item])
    item.refresh_statistics(connection)


def null_or_no_row(connection: psycopg.Connection[TupleRow]) -> Decimal:
    """`NO_ROW` is told from None by identity."""
    price = item.get_price(connection, id=1)
    if price is NO_ROW:
        return Decimal(0)
    assert_type(price, Decimal | None)
    return price or Decimal(1)


def any_connection(
    plain: psycopg.Connection, dicts: psycopg.Connection[DictRow]
) -> None:
    """The rows of a connection do not matter."""
    assert_type(item.get_item(plain, id=1), item.Item | None)
    assert_type(item.get_item(dicts, id=1), item.Item | None)


async def twins(connection: psycopg.AsyncConnection[Any]) -> None:
    """The rows of both colours are one class."""
    assert_type(await aio_item.list_items(connection, min_id=1), list[item.Item])
    assert_type(await aio_item.get_item(connection, id=1), aio_item.Item | None)
    assert_type(await aio_item.count_items(connection), int)
    sets = [aio_item.AddItemsParameters(name="a", price=None)]
    assert_type(await aio_item.add_items(connection, sets), int)
    assert_type(await aio_person.get_mood(connection, id=1), Mood | None)


def enums(connection: psycopg.Connection[TupleRow]) -> None:
    """An enum is a text as well."""
    (row,) = person.list_people(connection, moods=[Mood.HAPPY])
    assert_type(row.mood, Mood)
    assert_type(row.moods, list[Mood | None])
    assert_type(row.heat, PublicHeat | None)
    assert_type(row.kitchen_heat, KitchenHeat | None)
    assert_type(person.list_moods(connection), list[Mood])
    text: str = row.mood
    person.cheer_up(connection, id=len(text))


def composites(connection: psycopg.Connection[TupleRow]) -> None:
    """A composite value is an object, inside others and in arrays as well."""
    (row,) = composite_person.list_people(connection)
    assert_type(row.home, PublicAddress | None)
    assert_type(row.homes, list[PublicAddress | None])
    assert_type(row.lists, list[list[int | None] | None] | None)
    if row.everything is not None:
        assert_type(row.everything.a_shelf, KitchenAddress | None)
        assert_type(row.everything.positives, list[int | None] | None)
    whole = composite_person.get_person(connection, id=1)
    assert_type(whole, WholePerson | None)
    home = PublicAddress(street="Elm", number=None)
    composite_person.list_by_home(connection, home=home, moods=[], numbers=[1])
    composite_person.move(
        connection, [composite_person.MoveParameters(id=1, home=home)]
    )


def domains(connection: psycopg.Connection[TupleRow]) -> None:
    """A domain is a type of its own, and yet what is below it."""
    (row,) = customer.list_customers(connection)
    assert_type(row.email, EmailAddress)
    assert_type(row.price, PublicPrice | None)
    assert_type(row.emails, list[EmailAddress | None])
    assert_type(row.flag, bool | None)
    text: str = row.email
    customer.create_customer(
        connection, id=1, email=EmailAddress(text), emails=[row.email], owner=None
    )
    customer.find_customer(connection, email=WorkAddress(text))


def json(connection: psycopg.Connection[TupleRow]) -> None:
    """Json takes what is read only, and gives what its author vouches for."""
    assert_type(document.get_body(connection, id=1), JsonValue | NoRow)
    assert_type(document.get_typed_body(connection, id=1), Body | None)
    (row,) = document.list_documents(connection)
    assert_type(row.meta, Meta | None)
    body: Body = {"title": "a", "tags": []}
    texts: dict[str, list[str]] = {"a": ["b"]}
    document.create_document(
        connection, id=1, body=body, meta=texts, history=[texts, row.body]
    )


def defaults(connection: psycopg.Connection[TupleRow]) -> None:
    """What has a default may be left out."""
    thing.create_thing(connection, id=1)
    thing.create_thing(connection, id=1, created=date(2026, 1, 1), note="a")
    thing.add_things(connection, [thing.AddThingsParameters(id=1)])
    thing.list_things(connection, row_limit=5)


def names(connection: psycopg.Connection[TupleRow]) -> None:
    """Awkward names keep their types."""
    (row,) = trap.list(connection)
    assert_type(row.class_, int)
    assert_type(row.int, int)
    assert_type(row.list, list[int | None])
    assert_type(row.datetime, datetime)
    assert_type(row.Decimal, Decimal | None)
    assert_type(trap.any(connection, date=row.date), date)


def types(connection: psycopg.Connection[TupleRow]) -> None:
    """Each PostgreSQL type has its Python type."""
    (row,) = sample.list_samples(connection)
    assert_type(row.a_bytea, bytes | None)
    assert_type(row.a_cidr, CidrNetwork | None)
    assert_type(row.a_inet, InetAddress | None)
    assert_type(row.a_int4range, Range[int] | None)
    assert_type(row.citexts, list[str | None] | None)
    assert_type(row.uuids, list[UUID | None] | None)
    assert_type(sample.get_record(connection, id=1), tuple[object, ...] | None)
    assert_type(sample.get_uuids(connection, id=1), list[UUID | None] | None | NoRow)


def database() -> None:
    """A database lends connections that generated functions take."""
    with datalayer.open() as opened, opened.transaction() as connection:
        assert_type(opened, datalayer.Database)
        assert_type(item.count_items(connection), int)
    assert_type(datalayer.__version__, str)


async def aio_database() -> None:
    """So does its twin."""
    async with await datalayer.aio.open(pool_size=1) as opened:
        assert_type(opened, datalayer.aio.AsyncDatabase)
        async with opened.connection() as connection:
            assert_type(await aio_item.count_items(connection), int)


def types_of_extensions(connection: psycopg.Connection[TupleRow]) -> None:
    """An hstore is a dictionary, and any mapping will do for a parameter."""
    row = items.list_items(connection)[0]
    assert_type(row.attributes, dict[str, str | None])
    assert_type(row.former, list[dict[str, str | None] | None] | None)
    assert_type(row.names, list[str | None])
    sizes: dict[str, str] = {"size": "1"}
    items.get_attribute(connection, attributes=sizes, name="size")
    items.get_attribute(connection, attributes=row.attributes, name="size")


def types_of_the_project(connection: psycopg.Connection[TupleRow]) -> None:
    """What `[tool.datalayer.types]` names is what is returned and taken."""
    (row,) = measures.list_measures(connection)
    assert_type(row.id, int)
    assert_type(row.ratio, Fraction)
    assert_type(row.note, str | None)
    assert_type(row.ratios, list[Fraction | None] | None)
    assert_type(row.shapes, list[PurePosixPath | None] | None)
    assert_type(measures.get_ratio(connection), Fraction | None)
    measures.create_measure(connection, id=1, ratios=[Fraction(1)], shapes=None)
