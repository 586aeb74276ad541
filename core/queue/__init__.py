"""The queue, as used by front ends."""
