"""Attacks PostgreSQL's own functions, and keeps which of them never gave NULL."""
