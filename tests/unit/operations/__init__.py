"""Tests of ``core.operations``."""
