"""Locks between processes and threads, and what a fork leaves of them."""
