"""What can be wrong with what the demo was given."""

from __future__ import annotations


class DemoError(Exception):
    """The demo cannot go on; `help` says what to do, if anything."""

    def __init__(self, message: str, *, help: str | None = None) -> None:
        """Keep the message and the remedy."""
        super().__init__(message)
        self.help = help

    def __str__(self) -> str:
        """Return the message and, on a line of its own, the remedy."""
        message = super().__str__()
        return f"{message}\n  help: {self.help}" if self.help else message
