"""Read-only sources of Stage 1; each converts its data into its own records."""
