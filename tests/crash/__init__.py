"""Processes that are killed, stopped, forked or out of disk."""
