"""Safe access to the file system."""
