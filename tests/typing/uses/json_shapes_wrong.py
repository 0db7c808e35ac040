"""Documents that queries make, used as a type checker must refuse."""

from __future__ import annotations

import psycopg
from cases.json_shapes import customer


def mistakes(connection: psycopg.Connection) -> None:
    """One mistake a line."""
    (row,) = customer.list_customers(connection)
    row.purchases[0]["prize"]  #! typeddict-item reportGeneralTypeIssues
    row.purchases[0].price  #! attr-defined reportAttributeAccessIssue
    row.purchases[0]["quantity"].upper()  #! attr-defined reportAttributeAccessIssue
    row.purchases[0]["receipt"].upper()  #! union-attr reportOptionalMemberAccess
    row.purchases[0]["price"] + 1  #! operator reportOperatorIssue
    row.summary.get("first")["on"]  #! index reportOptionalSubscript
    customer.get_report(connection)["b"]  #! typeddict-item reportGeneralTypeIssues
    customer.get_prices(connection, customer_id=1)["1"]  #! index reportOptionalSubscript
