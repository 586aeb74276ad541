"""SHA-256 of model files: cached, and computed ahead of time."""
