"""Model folders: walked, and their types told."""
