"""Build time: from `.sql` files to typed modules."""
