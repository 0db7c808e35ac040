"""Measurements: each on real data, in interleaved rounds, against a named peer."""
