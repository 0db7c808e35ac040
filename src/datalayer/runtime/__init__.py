"""Run time: what generated code calls."""
