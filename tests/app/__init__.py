"""The app, run without a terminal."""
