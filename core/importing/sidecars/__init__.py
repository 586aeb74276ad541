"""Sidecars: the small files that other tools leave beside a model, each format a pure function from bytes."""
