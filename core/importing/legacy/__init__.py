"""Where Stage 1 reads from; each source turns what it finds into records of its own and writes nothing."""
