"""A dashboard of automation in the browser; needs the `dashboard` extra."""
