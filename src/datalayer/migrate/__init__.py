"""Deploy time: plain SQL migrations."""
