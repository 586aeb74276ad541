"""The queue as a front end sees it."""
