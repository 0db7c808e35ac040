"""How arguments of a measurement are read."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """Return a number above 0, such as `5_000_000`."""
    digits = text.replace("_", "").replace(",", "")
    if not digits.isdecimal() or int(digits) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return int(digits)
