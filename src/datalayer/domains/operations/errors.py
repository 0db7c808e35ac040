"""One class for each thing that can go wrong with approvals, requests and jobs."""

from __future__ import annotations
