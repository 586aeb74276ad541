"""The curator's manual choices, which override the strategy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.domain.enums import Side

FieldPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """The manual choices for one pending import.

    ``fields`` pairs the path of a leaf, as in a plan, with the side its value comes from. ``values`` pairs it with a
    value that is on neither side, as JSON text: what one of several sources states. A path is in one of them at most.
    ``tags`` (names) and ``images`` (files of ``pending/``) list those of the import that are left out.
    """

    fields: tuple[tuple[FieldPath, Side], ...] = ()
    tags: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    values: tuple[tuple[FieldPath, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.tags or self.images or self.values)

    def side(self, path: FieldPath) -> Side | None:
        """Return the side chosen for a field, None if the strategy decides."""
        return dict(self.fields).get(path)

    def with_side(self, path: FieldPath, side: Side | None) -> Resolution:
        """Return a resolution with ``side`` for one field; None leaves the field to the strategy."""
        others = tuple(pair for pair in self.fields if pair[0] != path)
        values = tuple(pair for pair in self.values if pair[0] != path)
        fields = others if side is None else tuple(sorted((*others, (path, side))))
        return replace(self, fields=fields, values=values)

    def value(self, path: FieldPath) -> str | None:
        """Return the value chosen for a field as JSON text, None if it is that of a side."""
        return dict(self.values).get(path)

    def with_value(self, path: FieldPath, value: str) -> Resolution:
        """Return a resolution with a value, as JSON text, for one field."""
        without = self.with_side(path, None)
        return replace(without, values=tuple(sorted((*without.values, (path, value)))))

    @property
    def chosen(self) -> frozenset[FieldPath]:
        """The fields whose value was chosen."""
        return frozenset(path for path, _ in (*self.fields, *self.values))

    def toggle_tag(self, name: str) -> Resolution:
        """Return a resolution with one tag left out, or included again."""
        return replace(self, tags=_turned(self.tags, name))

    def toggle_image(self, file: str) -> Resolution:
        """Return a resolution with one image left out, or included again."""
        return replace(self, images=_turned(self.images, file))


NO_OVERRIDES = Resolution()


def to_text(value: Any) -> str:
    """Return a value as the JSON text that stands for it in a resolution."""
    return json.dumps(value, ensure_ascii=False)


def _turned(names: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(sorted({*names} ^ {name}))
