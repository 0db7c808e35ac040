"""The demo: the git history of a JSON or TOML file in the artifacts domain."""
