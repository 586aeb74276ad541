"""Tests of ``core.promotion``."""
