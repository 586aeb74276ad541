"""An input for paths, which ``tab`` completes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from textual import work
from textual.message import Message
from textual.widgets import Input

from tui.keys import KEYS
from tui.presenters.path_completion import Completion, complete, printable


class PlainInput(Input):
    """An input that contains only characters that a terminal shows plainly."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Set and clear a value: ``Input`` keeps the cursor in view only from the second value on."""
        with self.prevent(Input.Changed):
            self.value = "/"
            self.value = ""

    def validate_value(self, value: str) -> str:
        """Escape pasted text, as ``tui.presenters.path_completion`` does."""
        return printable(value)


class PathInput(PlainInput):
    """Holds a path as ``tui.presenters.path_completion`` writes it."""

    BINDINGS = KEYS["path"]

    @dataclass
    class Completed(Message):
        """The completion of the typed path."""

        completion: Completion

    def __init__(self, *, id: str, folders_only: bool = False) -> None:
        super().__init__(id=id)
        self._folders_only = folders_only

    @work(exclusive=True, group="complete", exit_on_error=False)
    async def action_complete(self) -> None:
        """Complete the typed path; if there is nothing to complete, move to the next field."""
        text = self.value
        completion = await asyncio.to_thread(complete, text, folders_only=self._folders_only)
        if self.value != text:
            return
        if completion.settled:
            self.screen.focus_next()
            return
        self.value = completion.text
        self.cursor_position = len(self.value)
        self.post_message(self.Completed(completion))
