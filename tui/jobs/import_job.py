"""Runs Stage 1 for a screen, in its own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.dom import DOMNode
from textual.message import Message

from core.domain.imports import ImportReport
from core.errors import CuratorError
from tui.jobs.eta import EtaEstimator, format_eta
from tui.presenters.import_report import Reason, reasons
from tui.presenters.progress import bar
from tui.theme.palette import GREY, TEXT

if TYPE_CHECKING:
    from core.library import Library


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What to import and from where, as paths on this machine."""

    database: str
    images_dir: str | None
    path_map: Mapping[str, str]


@dataclass
class Importing(Message):
    """The progress of the import, in rows."""

    done: int
    total: int

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Importing)


@dataclass
class ImportEnded(Message):
    """The import has ended, or was cancelled between two batches; ``reasons`` summarize its problems."""

    report: ImportReport
    reasons: Sequence[Reason]


@dataclass
class ImportFailed(Message):
    """The import could not begin, or failed; rows imported until then stay."""

    error: CuratorError


class ImportJob:
    """Runs one import at a time; messages go to the node."""

    def __init__(self, node: DOMNode, library: Library) -> None:
        self._node = node
        self._library = library
        self._cancel = threading.Event()
        self._pace = EtaEstimator()

    def start(self, order: ImportOrder) -> None:
        """Import in a thread."""
        self._cancel, self._pace = threading.Event(), EtaEstimator()
        cancel, node = self._cancel, self._node
        node.run_worker(
            lambda: run_import(self._library, order, cancel, node.post_message),
            thread=True,
            group="import",
            exit_on_error=False,
        )

    def stop(self) -> None:
        """Stop between two batches: rows are imported whole or not at all."""
        self._cancel.set()

    def words(self, state: Importing | None, width: int) -> Content:
        """Return the progress; ``state`` is ``None`` before the first rows are imported."""
        stopping = "stopping; rows imported so far stay" if self._cancel.is_set() else ""
        if state is None:
            return Content.styled(stopping or "reading the old database …", GREY)
        left = format_eta(self._pace.left(state.done, state.total))
        return Content.assemble(
            bar(state.done / max(state.total, 1), max(width, 1)),
            (f"\n{state.done:,} of {state.total:,} rows", TEXT),
            (f"   {stopping or left}", GREY),
        )


def run_import(
    library: Library, order: ImportOrder, cancel: threading.Event, post: Callable[[Message], object]
) -> None:
    """Run Stage 1, and post its progress and its result."""

    def progress(done: int, total: int) -> None:
        post(Importing(done, total))

    try:
        report = library.import_legacy(
            order.database,
            images_dir=order.images_dir,
            path_map=order.path_map,
            cancel=cancel,
            progress=progress,
        )
    except CuratorError as error:
        post(ImportFailed(error))
    else:
        post(ImportEnded(report, reasons(report.problems)))
