"""Short texts that a search is likely to get wrong."""

from __future__ import annotations

from hypothesis import strategies as st

# Letters with unusual case folding, characters special to LIKE and JSON, and characters of the search grammar.
ODD = "aAkKsSfFiIß\u1e9e\u017f\u212aﬁİéÉΣςж墨%_\\\"'-: \n\t\0\x7f/[]*?"
TEXTS = st.text(ODD, max_size=6)
