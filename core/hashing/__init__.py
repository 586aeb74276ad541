"""SHA-256 of model files: cached, and ahead of time."""
