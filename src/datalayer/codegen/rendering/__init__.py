"""From shapes to the text of modules, and to the disk."""
