"""Runs an import or a scan for a screen, in its own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.dom import DOMNode
from textual.message import Message

from core.domain.imports import ImportReport
from core.domain.scans import ScanProgress, ScanReport
from core.errors import CuratorError
from core.text import format_size
from tui.jobs.eta import EtaEstimator, format_eta
from tui.presenters.import_report import Reason, reasons
from tui.presenters.progress import bar
from tui.theme.palette import GREY, TEXT

if TYPE_CHECKING:
    from core.library import Library


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """The old database to import, as paths on this machine."""

    database: str
    images_dir: str | None
    path_map: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ScanOrder:
    """The model folders to scan; without any, those that are remembered."""

    folders: tuple[str, ...] = ()


Order = ImportOrder | ScanOrder
Report = ImportReport | ScanReport


@dataclass
class Importing(Message):
    """The progress of the import in rows, or of the scan in model files, with the bytes that were read."""

    done: int
    total: int
    read: int | None = None

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Importing)


@dataclass
class ImportEnded(Message):
    """The import or scan has ended, or was cancelled; ``reasons`` summarize an import's problems."""

    report: Report
    reasons: Sequence[Reason] = ()


@dataclass
class ImportFailed(Message):
    """The import or scan could not begin, or failed; what came in until then stays."""

    error: CuratorError


class ImportJob:
    """Runs one import or scan at a time; messages go to the node."""

    def __init__(self, node: DOMNode, library: Library) -> None:
        self._node = node
        self._library = library
        self._cancel = threading.Event()
        self._pace = EtaEstimator()

    def start(self, order: Order) -> None:
        """Import or scan in a thread."""
        self._cancel, self._pace = threading.Event(), EtaEstimator()
        cancel, node = self._cancel, self._node
        node.run_worker(
            lambda: _run(self._library, order, cancel, node.post_message),
            thread=True,
            group="import",
            exit_on_error=False,
        )

    def stop(self) -> None:
        """Stop between two batches: records come in whole or not at all."""
        self._cancel.set()

    def words(self, state: Importing | None, width: int) -> Content:
        """Return the progress; ``state`` is ``None`` before the first rows are imported."""
        stopping = "stopping; what came in so far stays" if self._cancel.is_set() else ""
        if state is None:
            return Content.styled(stopping or "reading", GREY)
        left = format_eta(self._pace.left(state.done, state.total))
        noun = "rows" if state.read is None else f"models, {format_size(state.read)} read"
        return Content.assemble(
            bar(state.done / max(state.total, 1), max(width, 1)),
            (f"\n{state.done:,} of {state.total:,} {noun}", TEXT),
            (f"   {stopping or left}", GREY),
        )


def _run(library: Library, order: Order, cancel: threading.Event, post: Callable[[Message], object]) -> None:
    """Import or scan, and post the progress and the result."""
    try:
        match order:
            case ImportOrder():
                ended = _import(library, order, cancel, post)
            case ScanOrder():
                ended = _scan(library, order, cancel, post)
    except CuratorError as error:
        post(ImportFailed(error))
    else:
        post(ended)


def _import(
    library: Library, order: ImportOrder, cancel: threading.Event, post: Callable[[Message], object]
) -> ImportEnded:
    def progress(done: int, total: int) -> None:
        post(Importing(done, total))

    report = library.import_legacy(
        order.database,
        images_dir=order.images_dir,
        path_map=order.path_map,
        cancel=cancel,
        progress=progress,
    )
    return ImportEnded(report, reasons(report.problems))


def _scan(
    library: Library, order: ScanOrder, cancel: threading.Event, post: Callable[[Message], object]
) -> ImportEnded:
    def progress(state: ScanProgress) -> None:
        post(Importing(state.done, state.total, state.read))

    return ImportEnded(library.model_folders.scan(order.folders, cancel=cancel, progress=progress))
