"""All SQL. ``Store`` opens connections and transactions; the modules beside it read and write rows inside them."""

from core.store.connections import Store

__all__ = ["Store"]
