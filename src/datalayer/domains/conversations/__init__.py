# Derived by scripts/async_to_sync.py from __init__.py; do not edit.
"""Requests, conversations, token usage, analyses, trains, keys and credentials."""
