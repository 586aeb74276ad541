"""Headers of model files, and what their tensors tell."""
