"""Tests of ``core.files``."""
