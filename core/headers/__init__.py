"""Headers of model files: safetensors and GGUF. Nothing else of a model file is parsed, and nothing is unpickled."""
