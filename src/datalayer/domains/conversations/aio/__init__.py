# twin: ../__init__.py
"""Requests, conversations, token usage, analyses, trains, keys and credentials."""
