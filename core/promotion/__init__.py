"""Taking one import into the library."""
