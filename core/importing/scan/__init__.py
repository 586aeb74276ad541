"""Model folders: which files in them are models, of which type, and what lies beside them."""
