"""Pictures in a box."""
