"""Model Curator without a user interface: ``from core import Library, Strategy``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from core.domain.enums import Strategy

if TYPE_CHECKING:
    from core.library import Library

# Discard core's log messages unless the application configures logging.
logging.getLogger("model_curator").addHandler(logging.NullHandler())

__all__ = ["Library", "Strategy"]


def __getattr__(name: str) -> object:
    # Library imports SQLite and Pillow; `import core` alone stays light.
    if name == "Library":
        from core.library import Library  # noqa: PLC0415 - `import core` alone stays light

        return Library
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
