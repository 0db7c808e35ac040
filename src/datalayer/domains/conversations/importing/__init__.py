"""Import of real traffic: logs of requests and responses, one pair to a line."""

from datalayer.domains.conversations.importing.batches import BadLine
from datalayer.domains.conversations.importing.lines import LONGEST_LINE
from datalayer.domains.conversations.importing.parsing import parse_line
from datalayer.domains.conversations.importing.problems import LineProblem
from datalayer.domains.conversations.importing.records import Defaults, TrafficRecord
from datalayer.domains.conversations.importing.running import (
    BATCH_SIZE,
    ImportOptions,
    ImportProgress,
    Listener,
    check_file,
    import_file,
)
from datalayer.domains.conversations.importing.sources import STANDARD_INPUT
from datalayer.domains.conversations.importing.usage import TokenCounts

__all__ = [
    "BATCH_SIZE",
    "LONGEST_LINE",
    "STANDARD_INPUT",
    "BadLine",
    "Defaults",
    "ImportOptions",
    "ImportProgress",
    "LineProblem",
    "Listener",
    "TokenCounts",
    "TrafficRecord",
    "check_file",
    "import_file",
    "parse_line",
]
