"""Which values the listed imports have, with counts; one of them becomes a term of the filter."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from core.errors import CuratorError
from core.queue.facets import Facet, FacetValue
from core.text import sanitize
from tui.jobs.latest import LatestQuery
from tui.keys import KEYS
from tui.presenters.answer_keys import answer_keys
from tui.presenters.cell_text import fit
from tui.theme.palette import AMBER, BRIGHT, GREY, RED, TEXT

if TYPE_CHECKING:
    from core.library import Library

_COUNT = 9  # cells


class FacetList(OptionList, inherit_bindings=False):
    """The values under the name of their kind, each with the number of imports that have it."""

    BINDINGS = KEYS["facets"]

    def __init__(self) -> None:
        super().__init__(id="facets", markup=False, compact=True)
        self._facets: tuple[Facet, ...] = ()
        self._values: list[FacetValue | None] = []  # of each line, None for the name of a kind

    @property
    def current(self) -> FacetValue | None:
        """The value under the cursor."""
        return None if self.highlighted is None else self._values[self.highlighted]

    def put(self, facets: tuple[Facet, ...]) -> None:
        """Show facets, the cursor on the first value."""
        self._facets = facets
        self._values = [value for facet in facets for value in (None, *facet.values)]
        self.set_options(Option("", disabled=value is None or not value.term) for value in self._values)
        self._draw()
        self.action_first()

    def on_resize(self) -> None:
        self._draw()

    @on(OptionList.OptionHighlighted)
    def _draw(self) -> None:
        heads = iter(self._facets)
        for n, value in enumerate(self._values):
            self.replace_option_prompt_at_index(n, self._head(next(heads)) if value is None else self._line(n, value))

    @staticmethod
    def _head(facet: Facet) -> Content:
        more = f"  the {len(facet.values)} most frequent; {facet.left_out:,} more" if facet.left_out else ""
        return Content.assemble((facet.kind, f"bold {BRIGHT}"), (more, GREY))

    def _line(self, n: int, value: FacetValue) -> Content:
        room = max(self.scrollable_content_region.width - _COUNT - 4, 8)
        return Content.assemble(
            ("▌ " if n == self.highlighted else "  ", AMBER),
            (fit(value.text, room), TEXT if value.term else GREY),
            (fit(f"{value.count:,}", _COUNT, right=True), GREY),
        )


class FacetsScreen(ModalScreen[str | None]):
    """Returns the term that was chosen, for what the filter ``words`` find; None if none was."""

    BINDINGS = KEYS["facets dialog"]

    def __init__(self, library: Library, words: str) -> None:
        super().__init__()
        self._words = words
        self._list = FacetList()

        def read(words: str, cancel: threading.Event) -> tuple[Facet, ...]:
            return library.queue.facets(words, cancel)

        self._latest = LatestQuery[str, tuple[Facet, ...]](self, "facets", read, self._counted, self._failed)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("What the list holds", classes="title")
            yield self._list
            yield Static(id="facets-note", markup=False)
            yield Static(answer_keys(("⏎", "only these"), ("-", "without these"), ("esc", "back")), classes="answers")

    def on_mount(self) -> None:
        self._list.focus()
        self._note(("counting …", GREY))
        self._latest.ask(self._words)

    def _counted(self, _: str, found: tuple[Facet, ...]) -> None:
        self._list.put(found)
        if found:
            self.query_one("#facets-note").display = False
        else:
            self._note(("Nothing is listed.", TEXT))

    def _failed(self, _: str, error: CuratorError) -> None:
        self._note((f"✕ {sanitize(error, 400)}", RED))

    def _note(self, *parts: tuple[str, str]) -> None:
        self.query_one("#facets-note", Static).update(Content.assemble(*parts))

    @on(OptionList.OptionSelected)
    def _only(self) -> None:
        if value := self._list.current:
            self.dismiss(value.term)

    def action_without(self) -> None:
        if value := self._list.current:
            self.dismiss(f"-{value.term}")
