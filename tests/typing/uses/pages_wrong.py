"""Mistakes with orders and pages; each line says what mypy and pyright call it."""

import psycopg
from cases.optional import pages
from cases.optional.enums import Stage


def mistakes(connection: psycopg.Connection, word: str) -> None:
    """One mistake a line."""
    pages.list_books(connection, row_limit=1, order="oldest")  #! arg-type reportArgumentType
    pages.list_books(connection, row_limit=1, order=word)  #! arg-type reportArgumentType
    pages.list_books(connection, row_limit=1, order=None)  #! arg-type reportArgumentType
    pages.list_books(connection, row_limit=1, cursor="a")  #! call-arg reportCallIssue
    pages.page_books(connection, stage=Stage.DRAFT, order="title")  #! call-arg reportCallIssue
    pages.page_books(connection, stage=Stage.DRAFT, row_limit=None)  #! arg-type reportArgumentType
    pages.page_books(connection, stage=Stage.DRAFT, cursor=b"a")  #! arg-type reportArgumentType
    pages.page_sorted_books(connection, cursor=None)  #! call-arg reportCallIssue
    pages.page_books(connection, stage=Stage.DRAFT)[0]  #! index reportIndexIssue
    len(pages.page_books(connection, stage=Stage.DRAFT))  #! arg-type reportArgumentType
    pages.page_books(connection, stage=Stage.DRAFT).next + "a"  #! operator reportOptionalOperand
    pages.page_books(connection, stage=Stage.DRAFT).next = None  #! misc reportAttributeAccessIssue
    pages.list_shortest_books(connection, row_limit=None)  #! arg-type reportArgumentType
