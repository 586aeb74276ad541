"""Benchmarks of speed and memory with a long queue: ``make bench``."""
