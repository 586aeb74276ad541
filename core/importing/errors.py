"""What ends an import early."""

from __future__ import annotations

from core.domain.imports import ImportReport


class ImportInterrupted(KeyboardInterrupt):
    """A KeyboardInterrupt within Stage 1; ``report`` has the batches that were in by then, perhaps one less."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report
