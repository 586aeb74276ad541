"""The keys that answer a dialog, with changes from the settings; each can be clicked."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget

from tui.theme.palette import AMBER, TEXT

_GAP = 3


class Answers(Widget):
    """One line of keys with labels. Each answer is the id of a binding and its label."""

    def __init__(self, *answers: tuple[str, str]) -> None:
        super().__init__(classes="answers")
        self._answers = answers
        self._spots: list[tuple[range, Binding]] = []

    def render(self) -> Content:
        found: dict[str | None, Binding] = {}
        for entry in self.screen.active_bindings.values():
            found.setdefault(entry.binding.id, entry.binding)
        parts: list[tuple[str, str]] = []
        self._spots, x = [], 0
        for pending_id, words in self._answers:
            if binding := found.get(pending_id):
                key = self.app.get_key_display(binding)
                width = cell_len(f"{key} {words}")
                parts += [(key, f"bold {AMBER}"), (f" {words}", TEXT), (" " * _GAP, "")]
                self._spots.append((range(x, x + width), binding))
                x += width + _GAP
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        for spot, binding in self._spots:
            if event.x in spot:
                self.app.simulate_key(binding.key)
                return
