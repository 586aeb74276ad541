"""A merge by hand: what the curator picked over what the strategy gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.domain.enums import Side

FieldPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was picked for one pending import.

    ``fields`` pairs the path of a leaf, as in a plan, with the side its value comes from. Of the import's own ``tags``
    (names) and ``images`` (files of ``pending/``) those listed are left out.
    """

    fields: tuple[tuple[FieldPath, Side], ...] = ()
    tags: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.tags or self.images)

    def side(self, path: FieldPath) -> Side | None:
        """Return the side picked for a field, None where the strategy decides."""
        return dict(self.fields).get(path)

    def with_side(self, path: FieldPath, side: Side | None) -> Resolution:
        """Return the picks with another side for one field; None leaves it to the strategy."""
        others = tuple(pair for pair in self.fields if pair[0] != path)
        return replace(self, fields=others if side is None else tuple(sorted((*others, (path, side)))))

    def toggle_tag(self, name: str) -> Resolution:
        """Return the picks with one tag left out, or taken again."""
        return replace(self, tags=_turned(self.tags, name))

    def toggle_image(self, file: str) -> Resolution:
        """Return the picks with one image left out, or taken again."""
        return replace(self, images=_turned(self.images, file))


NO_OVERRIDES = Resolution()


def _turned(names: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(sorted({*names} ^ {name}))
