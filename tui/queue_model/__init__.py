"""What the queue screen knows, without a widget: tested without an app."""
