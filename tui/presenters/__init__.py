"""What is shown, as words and spans; no widgets."""
