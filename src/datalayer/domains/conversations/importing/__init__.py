"""Import of real traffic: logs of requests and responses, one pair to a line."""

from datalayer.domains.conversations.importing.batches import BadLine
from datalayer.domains.conversations.importing.lines import LONGEST_LINE
from datalayer.domains.conversations.importing.parsing import parse_line
from datalayer.domains.conversations.importing.problems import LineProblem
from datalayer.domains.conversations.importing.records import Defaults, TrafficRecord
from datalayer.domains.conversations.importing.usage import TokenCounts

__all__ = [
    "LONGEST_LINE",
    "BadLine",
    "Defaults",
    "LineProblem",
    "TokenCounts",
    "TrafficRecord",
    "parse_line",
]
