"""Histories of tables: the migrations that begin them, and what is wrong with them."""

from datalayer.history.adding import AddedHistory, plan_history, write_history
from datalayer.history.options import HistoryOptions

__all__ = [
    "AddedHistory",
    "HistoryOptions",
    "plan_history",
    "write_history",
]
