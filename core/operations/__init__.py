"""Changes that happen wholly or not at all, and can be undone."""
