"""Mistakes with violations; each line says what mypy and pyright call it."""

import psycopg
from cases.raises import account
from datalayer.runtime import retry_transaction


def mistakes(connection: psycopg.Connection) -> None:
    """One mistake a line."""
    account.NotDeclared  #! attr-defined reportAttributeAccessIssue
    account.AlreadyRegistered("a")  #! call-arg reportCallIssue
    retry_transaction(connection, 5)  #! arg-type reportArgumentType
