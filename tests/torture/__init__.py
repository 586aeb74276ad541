"""Proofs by kills, interrupts and races: ``make torture``."""
