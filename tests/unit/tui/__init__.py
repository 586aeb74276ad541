"""Tests of the parts of ``tui`` without widgets."""
