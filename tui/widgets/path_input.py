"""A line to type a path into; ``tab`` completes it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from textual import work
from textual.message import Message
from textual.widgets import Input

from tui.keys import KEYS
from tui.presenters.path_completion import Completion, complete, printable


class PlainInput(Input):
    """An input in which nothing stands but what a terminal shows plainly."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Have a first value behind it: only from the second one on does ``Input`` keep the cursor in sight."""
        with self.prevent(Input.Changed):
            self.value = "/"
            self.value = ""

    def validate_value(self, value: str) -> str:
        """Escape what was pasted, as ``tui.presenters.path_completion`` does."""
        return printable(value)


class PathInput(PlainInput):
    """Holds a path as ``tui.presenters.path_completion`` writes it."""

    BINDINGS = KEYS["path"]

    @dataclass
    class Completed(Message):
        """What could be completed, and what it could become."""

        completion: Completion

    def __init__(self, *, id: str, folders_only: bool = False) -> None:
        super().__init__(id=id)
        self._folders_only = folders_only

    @work(exclusive=True, group="complete", exit_on_error=False)
    async def action_complete(self) -> None:
        """Complete what is typed; where there is nothing to complete, go on to the next line."""
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
