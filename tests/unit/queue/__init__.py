"""Tests of ``core.queue``."""
