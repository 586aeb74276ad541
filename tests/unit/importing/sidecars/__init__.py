"""Sidecars: each format read from a file as its tool writes it."""
