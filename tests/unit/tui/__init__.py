"""Tests of what has no widgets in ``tui``."""
