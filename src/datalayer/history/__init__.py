"""Histories of tables: the migrations that begin them, and what is wrong with them."""

from datalayer.history.adding import AddedHistory, plan_history, write_history
from datalayer.history.checking import check_histories
from datalayer.history.findings import CheckedHistory, Finding, HistoryReport
from datalayer.history.options import HistoryOptions

__all__ = [
    "AddedHistory",
    "CheckedHistory",
    "Finding",
    "HistoryOptions",
    "HistoryReport",
    "check_histories",
    "plan_history",
    "write_history",
]
