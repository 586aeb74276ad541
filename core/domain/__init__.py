"""Frozen data that everything else speaks in; nothing here does any input or output."""
