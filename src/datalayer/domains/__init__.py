"""Services that combine several queries in one transaction."""
