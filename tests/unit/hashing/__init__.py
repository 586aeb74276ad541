"""Tests of ``core.hashing``."""
