"""Suggestions for the imports in view, fetched a few at a time and kept while they are valid."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from textual.screen import Screen

from core.domain.enums import State, Strategy
from core.domain.records import QueueRow
from core.errors import Cancelled, CuratorError
from tui.jobs.latest import LatestQuery

if TYPE_CHECKING:
    from core.library import Library
    from core.planning.suggestions import Suggestion

_AT_ONCE = 8  # the first time, each takes as long as decoding its images


class SuggestionLoader:
    """Asks core about imports that are hashed and not decided yet."""

    def __init__(
        self,
        screen: Screen[None],
        library: Library,
        came: Callable[[], None],
        failed: Callable[[CuratorError], None],
    ) -> None:
        self._library = library
        self._leaving = threading.Event()
        self._came = came
        self._known: dict[int, tuple[QueueRow, Suggestion]] = {}
        self._rows: Sequence[QueueRow] = ()
        self._latest = LatestQuery[Sequence[QueueRow], "Mapping[int, Suggestion]"](
            screen, "suggestions", self._read, self._answer, lambda _, error: failed(error)
        )

    def of(self, pending_id: int | None) -> Suggestion | None:
        """Return the suggestion for an import, None if it is not known."""
        return self._known[pending_id][1] if pending_id in self._known else None

    @property
    def complete(self) -> bool:
        """Whether every suggestion that was requested is known."""
        return all(row.id in self._known for row in self._rows)

    @property
    def words(self) -> dict[int, str]:
        """The suggestions, each as a word, by id."""
        return {pending_id: str(one.strategy or "review") for pending_id, (_, one) in self._known.items()}

    def want(self, rows: Iterable[QueueRow]) -> None:
        """Request suggestions for rows in view; those of rows that have changed are forgotten."""
        self._rows = [row for row in rows if row.decision is None and row.state not in (State.UNHASHED, State.MISSING)]
        known = {row.id: self._known[row.id] for row in self._rows if row.id in self._known}
        self._known = {pending_id: pair for pending_id, pair in known.items() if pair[0] in self._rows}
        self._go_on()

    def take(self, ids: Sequence[int], *, unseen: bool) -> tuple[dict[Strategy, list[int]], int]:
        """Return the suggested imports by strategy, and how many imports have no suggestion to accept.

        With ``unseen``, only suggestions that overwrite and drop nothing count. Blocks: call it in a thread.
        """
        found: dict[Strategy, list[int]] = {}
        left = 0
        for pending_id in ids:
            if self._leaving.is_set():
                break
            try:
                one = self._library.queue.suggestion(pending_id, self._leaving)
            except Cancelled:
                break
            if one is None or one.strategy is None or (unseen and not one.safe):
                left += 1
            else:
                found.setdefault(one.strategy, []).append(pending_id)
        return found, left

    def stop(self) -> None:
        """Request no more suggestions, and cancel the decoding of images for one."""
        self._leaving.set()

    def forget(self, sha256: str | None) -> None:
        """Forget the suggestions for a model: the library has changed."""
        self._known = {pending_id: pair for pending_id, pair in self._known.items() if pair[0].sha256 != sha256}

    def _go_on(self) -> None:
        if unknown := [row for row in self._rows if row.id not in self._known]:
            self._latest.ask(unknown[:_AT_ONCE])

    def _read(self, rows: Sequence[QueueRow], _: threading.Event) -> Mapping[int, Suggestion]:
        some = itertools.takewhile(lambda _: not self._leaving.is_set(), rows)
        found = {row.id: self._library.queue.suggestion(row.id, self._leaving) for row in some}
        return {pending_id: suggestion for pending_id, suggestion in found.items() if suggestion is not None}

    def _answer(self, rows: Sequence[QueueRow], found: Mapping[int, Suggestion]) -> None:
        self._known.update({row.id: (row, found[row.id]) for row in rows if row.id in found})
        self._rows = [row for row in self._rows if row.id in self._known or row not in rows]
        self._came()
        self._go_on()
