"""The queue screen and its controllers."""
