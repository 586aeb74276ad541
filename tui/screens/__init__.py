"""Screens own the state, call core in workers, and hand the answers to their widgets."""
