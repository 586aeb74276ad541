"""Terminal graphics, and shutting down."""
