"""Import old databases into the queue."""
