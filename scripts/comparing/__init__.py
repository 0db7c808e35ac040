"""Compares what is concluded about foreign SQL with what its execution shows."""
