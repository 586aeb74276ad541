"""What the headers of model files state, and what the names and shapes of their tensors show."""
