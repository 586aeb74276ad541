"""The curator's manual choices, which override the strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.domain.enums import Side

FieldPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """The manual choices for one pending import.

    ``fields`` pairs the path of a leaf, as in a plan, with the side its value comes from. ``tags`` (names) and
    ``images`` (files of ``pending/``) list those of the import that are left out.
    """

    fields: tuple[tuple[FieldPath, Side], ...] = ()
    tags: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.tags or self.images)

    def side(self, path: FieldPath) -> Side | None:
        """Return the side chosen for a field, None if the strategy decides."""
        return dict(self.fields).get(path)

    def with_side(self, path: FieldPath, side: Side | None) -> Resolution:
        """Return a resolution with ``side`` for one field; None leaves the field to the strategy."""
        others = tuple(pair for pair in self.fields if pair[0] != path)
        return replace(self, fields=others if side is None else tuple(sorted((*others, (path, side)))))

    def toggle_tag(self, name: str) -> Resolution:
        """Return a resolution with one tag left out, or included again."""
        return replace(self, tags=_turned(self.tags, name))

    def toggle_image(self, file: str) -> Resolution:
        """Return a resolution with one image left out, or included again."""
        return replace(self, images=_turned(self.images, file))


NO_OVERRIDES = Resolution()


def _turned(names: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(sorted({*names} ^ {name}))
