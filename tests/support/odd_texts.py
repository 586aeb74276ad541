"""Short texts that a search is likely to get wrong."""

from __future__ import annotations

from hypothesis import strategies as st

# Letters whose case folds in every odd way, what LIKE and JSON treat as special, and what looks like grammar.
ODD = "aAkKsSfFiIß\u1e9e\u017f\u212aﬁİéÉΣςж墨%_\\\"'-: \n\t\0\x7f/[]*?"
TEXTS = st.text(ODD, max_size=6)
