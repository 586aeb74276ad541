"""Tests of ``core.verify``."""
