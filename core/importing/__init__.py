"""Taking imports into the queue."""
