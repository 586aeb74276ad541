"""Tests of ``core.locks``."""
