"""``demo``: open the app on a generated library, or run the whole job without a terminal."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.domain.enums import State, Status, Strategy
from core.domain.outcomes import Outcome
from core.domain.records import QueueRow, RecordWithImages
from tui.cli.app import graphics_option, run_app
from tui.cli.context import FAILED, CliContext, Failed, command
from tui.cli.formatting import import_lines, queue_lines, scan_lines, verify_lines
from tui.cli.json_output import import_object, outcome_object, queue_object, scan_object, verify_object
from tui.cli.promote import failure_words, outcome_lines
from tui.cli.terminal import has_terminal

if TYPE_CHECKING:
    from core.library import Library

_PROMOTIONS = (
    ("a model that is new", State.NEW, None),
    ("a model that the library has, without a strategy", State.CONFLICT, None),
    ("the same one, merged", State.CONFLICT, Strategy.MERGE),
    ("another one, overridden", State.CONFLICT, Strategy.OVERRIDE),
    ("one whose file is gone, deleted", State.MISSING, Strategy.DELETE),
    ("one more, skipped", State.CONFLICT, Strategy.SKIP),
)


@command("demo")
@graphics_option
def demo(call: CliContext, graphics: str | None) -> int:
    """Open the app on a generated demo library.

    Without a terminal, run the whole job and print each step.
    """
    with tempfile.TemporaryDirectory(prefix="model-curator-demo-") as folder:
        if call.as_json or not has_terminal():
            return _Job(call, Path(folder)).run()
        from core.sample.library import sample_library
        from core.sample.models_folder import build_models_folder

        click.echo("Making a sample library ...", err=True)
        with sample_library(Path(folder)) as library:
            library.model_folders.scan([build_models_folder(Path(folder))])
            return run_app(library, call.settings, graphics)


@dataclass(slots=True)
class _Job:
    """The whole job on a sample library, step by step; ``answer`` collects the JSON output."""

    call: CliContext
    folder: Path
    answer: dict[str, Any] = field(default_factory=dict)

    def run(self) -> int:
        """Run all steps and return the exit code."""
        from core.library import Library
        from core.verify import check_library

        with Library.open(self.folder / "library") as library:
            self._import(library)
            self._scan(library)
            self._list(library)
            self._promote(library)
            report = check_library(library)
        self._step("5. Verify", verify_lines(report))
        self.answer["verify"] = verify_object(report)
        if self.call.as_json:
            self.call.answer(self.answer, list)
        return 0 if report.ok else FAILED

    def _step(self, title: str, lines: list[str]) -> None:
        if not self.call.as_json:
            click.echo("\n".join([title, "", *(f"  {line}".rstrip() for line in lines), ""]))

    def _import(self, library: Library) -> None:
        from core.sample.library import build_sample

        sample = build_sample(self.folder)
        report = library.import_legacy(sample.database, images_dir=sample.images)
        self.answer["import"] = import_object(report)
        self._step("1. Import an old database, with its images", import_lines(report))

    def _scan(self, library: Library) -> None:
        from core.sample.models_folder import build_models_folder

        report = library.model_folders.scan([build_models_folder(self.folder)])
        self.answer["scan"] = scan_object(report)
        self._step("2. Scan a folder of models, with what other tools left beside them", scan_lines(report))

    def _list(self, library: Library) -> None:
        library.queue.hash_ahead(list, threading.Event(), lambda _: None)
        rows = list(library.queue.all())
        self.answer["pending"] = [queue_object(row) for row in rows]
        self._step("3. Hash the files, and list the queue", queue_lines(rows))

    def _promote(self, library: Library) -> None:
        lines: list[str] = []
        results = self.answer["results"] = []
        for title, state, strategy in _PROMOTIONS:
            row = _first(library, state)
            entry = library.show(str(row.id))
            outcome = library.processor.process_single_import(row.id, strategy)
            results.append(outcome_object(outcome))
            lines += [f"{title}:", *(f"  {line}" for line in _told(entry, outcome))]
        self._step("4. Promote one of each kind", lines)


def _told(entry: RecordWithImages | None, outcome: Outcome) -> list[str]:
    if outcome.status is Status.SUCCESS:
        return outcome_lines(entry, outcome)
    return [f"{outcome.id}  {failure_words(outcome)}"]


def _first(library: Library, state: State) -> QueueRow:
    for row in library.queue.all():
        if row.state is state and row.images:
            return row
    raise Failed(f"the sample has no pending import left that is {state}")
