"""Screens own the state, call core in workers, and pass the results to their widgets."""
