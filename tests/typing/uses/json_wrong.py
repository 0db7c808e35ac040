"""Documents with a class, used as a type checker must refuse."""

from __future__ import annotations

import psycopg
from cases.json_classes import customer
from cases.json_classes.types import Profile, Visit


def mistakes(connection: psycopg.Connection, profile: Profile, visit: Visit) -> None:
    """One mistake a line."""
    (row,) = customer.list_customers(connection)
    row.profile.nome  #! attr-defined reportAttributeAccessIssue
    row.profile["name"]  #! index reportIndexIssue
    row.home["city"]  #! index reportOptionalSubscript
    row.visits[0].page + 1  #! operator reportOperatorIssue
    row.orders["a"].amount  #! union-attr reportOptionalMemberAccess
    customer.count_matching(connection, profile={"name": ""}, visits=[])  #! arg-type reportArgumentType
    customer.count_matching(connection, profile=profile, visits=visit)  #! arg-type reportArgumentType
    customer.count_matching(connection, profile=profile, visits=[None])  #! list-item reportArgumentType
    customer.change_orders(connection, id=1, orders={"a": 1})  #! dict-item reportArgumentType
