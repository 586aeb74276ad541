"""The line between list and comparison: progress, errors and hints."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from core.text import sanitize
from tui.theme.palette import RED, TEXT

_log = logging.getLogger("model_curator.app")


class StatusBar(Widget):
    """One line that stays until there is a newer message; it never covers anything."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._words = Content("")

    @property
    def words(self) -> str:
        """The text shown."""
        return self._words.plain

    def say(self, words: str) -> None:
        """Show a message; an empty one clears the line."""
        self.show(Content.styled(sanitize(words, 400), TEXT))

    def warn(self, words: str) -> None:
        """Show a problem, and log it."""
        _log.warning("%s", words)
        self.show(Content.assemble(("✕ ", f"bold {RED}"), (sanitize(words, 400), RED)))

    def broke(self, work: str, error: BaseException | None) -> None:
        """Report that background work has crashed."""
        _log.error("while working (%s)", work, exc_info=error)
        self.warn(f"Something broke while working ({work}): {error}")

    def warn_of(self, problems: Sequence[str]) -> None:
        """Show the first problem, and how many more there are."""
        more = len(problems) - 1
        self.warn(f"({more} more) {problems[0]}" if more else problems[0])

    def show(self, words: Content) -> None:
        """Show styled text."""
        self._words = words
        self.refresh()

    def render(self) -> Content:
        return self._words.truncate(max(self.size.width, 1), ellipsis=True)
