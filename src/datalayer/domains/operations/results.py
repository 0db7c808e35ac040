"""What the services of operations return, beside rows."""

from __future__ import annotations
