"""What goes on now: a line that changes on a terminal, a few lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

#: Where nothing can be overwritten.
_SECONDS_BETWEEN_LINES = 10


@contextmanager
def telling() -> Iterator[Callable[[str], None]]:
    """Yield what tells people what is going on, on standard error."""
    messages = Console(stderr=True, highlight=False)
    if messages.is_terminal:
        with messages.status("") as status:
            yield lambda text: status.update(f"{text} …")
        return
    told = [-math.inf]

    def tell(text: str) -> None:
        now = time.monotonic()
        if now - told[0] >= _SECONDS_BETWEEN_LINES:
            told[0] = now
            sys.stderr.write(f"{text} …\n")

    yield tell
