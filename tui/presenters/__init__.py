"""Text and spans to show; no widgets."""
