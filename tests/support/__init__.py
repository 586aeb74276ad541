"""Helpers shared by tests, benchmarks and tests.torture; imports none of them."""
