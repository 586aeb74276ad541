"""Count the model files of imported rows that are not where their rows say, by the folders they should be in."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from core.domain.imports import NotFound
from core.files.paths import folder_of

_SEPARATOR = re.compile(r"[\\/]")


@dataclass(slots=True)
class NotFoundCounter:
    """Collects paths; those that begin alike are one group, known by the longest beginning that all share."""

    _groups: dict[str, tuple[str, int]] = field(default_factory=dict)

    def look(self, path: str) -> None:
        """Count a path if no file is there."""
        if not path or os.path.isfile(path):
            return
        folder = folder_of(path)
        group = _SEPARATOR.split(folder.lstrip("/"))[0]
        shared, count = self._groups.get(group, (folder, 0))
        self._groups[group] = _shared(shared, folder), count + 1

    def found(self) -> tuple[NotFound, ...]:
        """Return the groups, the largest first."""
        groups = sorted(self._groups.values(), key=lambda group: (-group[1], group[0]))
        return tuple(NotFound(beginning, count) for beginning, count in groups)


def _shared(one: str, other: str) -> str:
    """Return the folder that is the beginning of both."""
    parts, others = _SEPARATOR.split(one), _SEPARATOR.split(other)
    count = next((n for n, pair in enumerate(zip(parts, others, strict=False)) if pair[0] != pair[1]), None)
    if count is None:
        return min(one, other, key=len)
    end = sum(map(len, parts[:count])) + count - 1
    return one[: max(end, 1)]
