"""A dialog for tags and trigger words that several imports get."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from core.text import count_of
from tui.keys import KEYS
from tui.presenters.answer_keys import answer_keys
from tui.widgets.path_input import PlainInput

_FIELDS = {"tags": "Tags", "triggers": "Triggers"}


@dataclass(frozen=True, slots=True)
class Words:
    """The tags and trigger words that were typed."""

    tags: tuple[str, ...]
    triggers: tuple[str, ...]


class WordsScreen(ModalScreen[Words | None]):
    """Returns the words, None if there are none or the dialog was cancelled."""

    BINDINGS = KEYS["words"]

    def __init__(self, imports: int) -> None:
        super().__init__()
        self._imports = imports

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(f"Add to {count_of(self._imports, 'import')}", classes="title", markup=False)
            for field_id, label in _FIELDS.items():
                with Horizontal(classes="field"):
                    yield Static(label, classes="label")
                    yield PlainInput(id=field_id)
            yield Static("Separated by commas. Nothing is taken away; u undoes it.", classes="hint", markup=False)
            yield Static(answer_keys(("⏎", "add"), ("tab", "next field"), ("esc", "cancel")), classes="answers")

    def on_mount(self) -> None:
        self.query_one("#tags", Input).focus()

    def action_next(self) -> None:
        self.focus_next()

    @on(Input.Submitted)
    def action_add(self) -> None:
        tags, triggers = (_split(self.query_one(f"#{field_id}", Input).value) for field_id in _FIELDS)
        self.dismiss(Words(tags, triggers) if tags or triggers else None)


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
