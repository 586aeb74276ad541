"""Errors that end an import early."""

from __future__ import annotations

from core.domain.imports import ImportReport


class ImportInterrupted(KeyboardInterrupt):
    """A KeyboardInterrupt during Stage 1; ``report`` covers the committed batches, perhaps except the last."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report
