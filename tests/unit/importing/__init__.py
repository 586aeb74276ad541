"""Tests of ``core.importing``."""
