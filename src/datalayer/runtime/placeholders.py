"""`%(name)s` in the texts of generated code, for which the server has `$1`, `$2`, …."""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")


def with_numbers(text: str, numbers: dict[str, int]) -> str:
    """Return a text with the number of each name, and `%` for `%%`.

    A name that has no number yet gets the next one.
    """

    def number(match: re.Match[str]) -> str:
        if match[1] is None:
            return "%"
        return f"${numbers.setdefault(match[1], len(numbers) + 1)}"

    return _PLACEHOLDER.sub(number, text)
