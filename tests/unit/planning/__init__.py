"""Tests of ``core.planning``."""
