"""A raw-SQL data layer for PostgreSQL."""
