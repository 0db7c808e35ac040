"""What the history commands refuse, one class for each reason."""

from __future__ import annotations

from datalayer.errors import DataLayerError


class HistoryError(DataLayerError):
    """A history cannot be written or checked as asked: the root of the next ones."""


class HistoryTableError(HistoryError):
    """Only an ordinary or a partitioned table can be tracked; name one."""


class HistoryExistsError(HistoryError):
    """A table has a history already; write the change as a migration of your own."""


class HistoryColumnsError(HistoryError):
    """A column is not declared, declared twice or unknown; the help lists what is."""


class HistoryKeyError(HistoryError):
    """No single column tells the rows of a table apart; name one with `--key`."""


class HistoryTriggerOrderError(HistoryError):
    """Another trigger would fire before that of history; rename it as the help says."""


class HistoryNameClash(HistoryError):
    """Something has a name that the history needs already; rename it."""


class HistoryDurationError(HistoryError):
    """`--step` and `--retain` are whole hours, days or weeks, such as `90 days`."""


class HistoryComponentError(HistoryError):
    """It is not clear into which component the migration goes; use `--component`."""
