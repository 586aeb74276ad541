"""The last line: the keys available now, as many as fit, always including help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from tui.textual_compat import after_refresh
from tui.theme.palette import AMBER, GREY, TEXT

_LAST = ("app.help", "app.quit")  # ids of the bindings that stay at the end of the line


class KeyBar(Widget):
    """Shows the enabled bindings of its screen, and can be clicked."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._bindings_shown: list[Binding] = []
        self._spots: list[tuple[range, Binding]] = []
        self._keys: set[str] = set()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update)
        after_refresh(self, lambda: self._update(self.screen))

    def _update(self, screen: Screen[object]) -> None:
        if not self.is_attached or not screen.is_current:
            return
        entries = [entry for entry in screen.active_bindings.values() if entry.enabled]
        active = [entry.binding for entry in entries]
        self._keys = {binding.key for binding in active}
        shown: dict[str, Binding] = {}
        for binding in active:
            if binding.show:
                shown.setdefault(binding.id or binding.key, binding)
        places = [*_as_written(entry.node for entry in entries), *_LAST]
        self._bindings_shown = sorted(shown.values(), key=lambda b: places.index(b.id) if b.id in places else -1)
        self.refresh()

    def render(self) -> Content:
        keys = [self._label(binding) for binding in self._bindings_shown]
        chosen = fitting([cell_len(f"{key} {words}") for key, words in keys], self.size.width, self._fixed())
        parts: list[tuple[str, str]] = []
        self._spots, x = [], 0
        for i in chosen:
            key, words = keys[i]
            parts += [(key, f"bold {AMBER}"), (f" {words}", TEXT if len(chosen) == len(keys) else GREY), ("  ", "")]
            width = cell_len(f"{key} {words}")
            self._spots.append((range(x, x + width), self._bindings_shown[i]))
            x += width + 2
        return Content.assemble(*parts)

    def _fixed(self) -> int:
        return sum(binding.id in _LAST for binding in self._bindings_shown)

    def _label(self, binding: Binding) -> tuple[str, str]:
        shown = binding.key_display
        if shown and " " in shown and not self._keys.issuperset(shown.split()):  # the settings changed one of a pair
            binding = replace(binding, key_display=None)
        return self.app.get_key_display(binding), binding.description

    def on_click(self, event: events.Click) -> None:
        for spot, binding in self._spots:
            if event.x in spot:
                self.app.simulate_key(binding.key)
                return


def _as_written(nodes: Iterable[DOMNode]) -> list[str | None]:
    """Return the ids of bindings in the order of the code, which a binding changed by the settings has lost."""
    owners = [binding for node in dict.fromkeys(nodes) for binding in node.BINDINGS]
    return [one.id for one in owners if isinstance(one, Binding) and one.id not in _LAST]


def fitting(widths: Sequence[int], room: int, fixed: int) -> list[int]:
    """Return which labels fit side by side: always the last ``fixed``, the others from the first on."""
    tail = list(range(len(widths) - fixed, len(widths)))
    room -= sum(widths[i] + 2 for i in tail)
    chosen: list[int] = []
    for i in range(len(widths) - fixed):
        room -= widths[i] + 2
        if room < -2:
            break
        chosen.append(i)
    return [*chosen, *tail]
