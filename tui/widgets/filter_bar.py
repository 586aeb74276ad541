"""The filter: one line of words and of terms like ``type:lora``; see ``core.domain.query`` for the syntax."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tui.keys import KEYS
from tui.presenters.cell_text import cut
from tui.theme.palette import GREY, RED, TEXT

_PRINTABLE = r"[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]*"  # what may be pasted


class FilterInput(Input):
    """The input itself; Enter and Down go back to the list, Esc clears."""

    BINDINGS = KEYS["filter"]

    def action_leave(self) -> None:
        self.post_message(FilterBar.Left())

    def action_clear(self) -> None:
        self.value = ""
        self.post_message(FilterBar.Left())


class FilterBar(Horizontal):
    """Shows the filter and how many imports match; without a filter, it is a blank line."""

    @dataclass
    class Changed(Message):
        """The words have changed."""

        words: str

    class Left(Message):
        """The filter was left for the list."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._wrong: str | None = None  # the words that are no filter

    def compose(self) -> ComposeResult:
        yield Static("/", id="slash")
        yield FilterInput(id="words", compact=True, select_on_focus=False, restrict=_PRINTABLE)
        yield Static(id="found", markup=False)

    @property
    def words(self) -> str:
        """The words to filter by."""
        return self.query_one(FilterInput).value.strip()

    def open(self) -> None:
        """Show the line and focus it immediately, so that even the very next key is typed into it."""
        self._show(True)
        # `focus` is deferred, and keys typed until then would decide something in the list.
        self.screen.set_focus(self.query_one(FilterInput))

    def close(self) -> None:
        """Hide the line if it is empty."""
        self._show(bool(self.words))

    def put(self, words: str) -> None:
        """Show other words, without posting ``Changed``; no words hide the line."""
        typed = self.query_one(FilterInput)
        if words != self.words:
            with typed.prevent(Input.Changed):
                typed.value = words
        if not typed.has_focus:
            self.close()

    def _show(self, shown: bool) -> None:
        self.set_class(shown, "-open")
        # Immediately; the style sheet would take effect a little later.
        if shown:
            self.display = True
        else:
            self.styles.clear_rule("display")
        for child in self.children:
            child.visible = shown

    def show_found(self, found: int, total: int) -> None:
        """Show how many imports match, out of how many; a problem with these words stays shown."""
        if self.words == self._wrong:
            return
        words = Content.assemble((f"{found:,}", TEXT), (f" of {total:,}", GREY)) if self.words else Content("")
        self.query_one("#found", Static).update(words)

    def show_problem(self, sentence: str) -> None:
        """Show what is wrong with the filter; the list stays unchanged."""
        self._wrong = self.words
        self.query_one("#found", Static).update(Content.styled(cut(sentence, max(self.size.width // 2, 20)), RED))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._wrong = None
        self.post_message(self.Changed(self.words))
