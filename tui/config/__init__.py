"""Settings, changed keys, sessions and the log file."""
