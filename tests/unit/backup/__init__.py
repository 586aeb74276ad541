"""Tests of ``core.backup``."""
