"""Uses of generated modules that a type checker must refuse.

Each comment says with which code mypy and with which rule pyright does.
"""

from __future__ import annotations

import psycopg
from cases.composites import person as composite_person
from cases.composites.composites import KitchenAddress, PublicAddress
from cases.defaults import thing
from cases.domains import customer
from cases.domains.domains import EmailAddress
from cases.enums import person
from cases.enums.enums import Mood
from cases.extension_types import items
from cases.json_types import document
from cases.operations.aio.shop import item as aio_item
from cases.operations.shop import item
from cases.own_types import measures
from cases.types import sample


def mistakes(connection: psycopg.Connection, other: psycopg.AsyncConnection) -> None:
    """One mistake a line."""
    item.get_item(connection, 1)  #! call-arg reportCallIssue
    item.get_item(connection)  #! call-arg reportCallIssue
    item.get_item(connection, id="1")  #! arg-type reportArgumentType
    item.get_item(connection, id=None)  #! arg-type reportArgumentType
    item.get_item(connection, id=1, name="a")  #! call-arg reportCallIssue
    item.get_item(other, id=1)  #! arg-type reportArgumentType
    item.get_item(connection, id=1).name  #! union-attr reportOptionalMemberAccess
    item.count_items(connection) + "a"  #! operator reportOperatorIssue
    item.get_price(connection, id=1) + 1  #! operator reportOperatorIssue
    item.list_items(connection, min_id=1)[0].nome  #! attr-defined reportAttributeAccessIssue
    item.AddItemsParameters("a", None)  #! call-arg reportCallIssue
    item.AddItemsParameters(name="a")  #! call-arg reportCallIssue
    item.add_items(connection, [("a", None)])  #! list-item reportArgumentType
    item.create_item(connection, name=None, price=None)  #! arg-type reportArgumentType
    person.cheer_up(connection, id=1, mood="happy")  #! arg-type reportArgumentType
    person.list_people(connection, moods=[Mood.HAPPY, None])  #! list-item reportArgumentType
    document.create_document(connection, id=1, body={"title": 1, "tags": []}, meta=None, history=None)  #! typeddict-item reportArgumentType
    document.create_document(connection, id=1, body={"title": "", "tags": []}, meta={1, 2}, history=None)  #! arg-type reportArgumentType
    sample.find_samples(connection, ids=["a"], texts=[], since=None)  #! list-item reportArgumentType
    items.get_attribute(connection, attributes={"a": 1}, name="a")  #! dict-item reportArgumentType
    measures.create_measure(connection, id="1", ratios=None, shapes=None)  #! arg-type reportArgumentType
    measures.create_measure(connection, id=1, ratio=0.5, ratios=None, shapes=None)  #! arg-type reportArgumentType
    thing.create_thing(connection)  #! call-arg reportCallIssue
    composite_person.list_by_home(connection, home=KitchenAddress(1), moods=[], numbers=[])  #! arg-type reportArgumentType
    PublicAddress(street="a")  #! call-arg reportCallIssue
    PublicAddress("a", 1).street = "b"  #! misc reportAttributeAccessIssue
    PublicAddress("a", None).number + 1  #! operator reportOptionalOperand
    customer.list_emails(connection, given="a@b")  #! arg-type reportArgumentType
    customer.create_customer(connection, id=1, email=EmailAddress("a"), emails=["a"], owner=None)  #! list-item reportArgumentType


async def asynchronous(
    connection: psycopg.AsyncConnection, other: psycopg.Connection
) -> None:
    """An await was forgotten, or the connection is of the other colour."""
    await aio_item.count_items(other)  #! arg-type reportArgumentType
    aio_item.count_items(connection)  #! unused-coroutine reportUnusedCoroutine
    number: int = aio_item.count_items(connection)  #! assignment reportAssignmentType
    print(number)
