"""The long list of the queue."""
