"""Generation data that tools write into image files: prompts, seeds, samplers."""
