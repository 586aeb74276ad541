"""Who states the value of a field: words for the line of a comparison that the cursor is on."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from core.domain.knowledge import Knowledge
from core.domain.resolution import to_text
from core.domain.statements import SourcedStatement
from tui.presenters.cell_text import cut
from tui.presenters.plan_lines import Span
from tui.theme.palette import GREY, TEXT

_VALUE = 40  # cells of another source's value
_META = "meta_json"


def source_words(known: Knowledge, path: Sequence[str], chosen: str | None) -> list[Span]:
    """Return what the sources of an import state about a field, the one that counts first; nothing if none does.

    ``chosen`` is the value that was picked by hand, as JSON text, None if there is none.
    """
    stated = _of_field(known, path)
    if not stated:
        return []
    first, *others = sorted(stated, key=lambda one: chosen is not None and to_text(one.statement.value) != chosen)
    file = os.path.basename(first.file)
    spans: list[Span] = [(f"from {first.statement.source}", TEXT), (cut(file, _VALUE), GREY)]
    return spans + [(f"{one.statement.source}: {cut(_text(one.statement.value), _VALUE)}", GREY) for one in others]


def _of_field(known: Knowledge, path: Sequence[str]) -> Sequence[SourcedStatement]:
    """Return the statements of a field, or of the field that it is part of."""
    keys = list(path[1:] if path[:1] == (_META,) else path)
    while keys:
        stated = known.sources.get(".".join(keys))
        if stated:
            return stated
        keys.pop()
    return ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
