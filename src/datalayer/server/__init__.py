"""A PostgreSQL to work with."""
