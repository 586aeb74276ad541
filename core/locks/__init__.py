"""Locks between processes and threads, and their handling across forks."""
