"""Settings, keys set anew, sessions and the log file."""
