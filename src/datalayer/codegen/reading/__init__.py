"""From query files to queries: no server, no Python yet."""
