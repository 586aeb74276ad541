"""The state of the queue screen, without widgets: tested without an app."""
