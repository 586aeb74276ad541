"""``scan``: read model folders into the queue, with everything that other tools left beside the models."""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from core.domain.scans import ScanProgress, ScanReport
from core.text import format_size, sanitize
from tui.cli.completers import folders
from tui.cli.context import INTERRUPTED, USAGE, CliContext, Failed, command
from tui.cli.formatting import scan_lines
from tui.cli.json_output import scan_object
from tui.cli.terminal import ProgressLine, interruptible

_NONE_REMEMBERED = "no folder is remembered; give the folder that holds your models"


@command("scan")
@click.argument("given", metavar="[DIR]...", nargs=-1, shell_complete=folders)
@click.option(
    "--examples",
    metavar="DIR",
    shell_complete=folders,
    help="Lora-Manager's folder of example images; model files are hashed to find theirs.",
)
@click.option("--dry-run", is_flag=True, help="Only report what a scan would find.")
@click.option("--forget", metavar="DIR", shell_complete=folders, help="Scan this folder no more; its imports stay.")
def scan(call: CliContext, given: tuple[str, ...], examples: str | None, dry_run: bool, forget: str | None) -> int:
    """Read model folders into the queue.

    DIR is a folder of models, or an extra_model_paths.yaml that names such folders, or ComfyUI's comfyui.db, which
    tells of the models in them. Folders are remembered: without DIR, all of them are scanned again, and only new and
    changed files are read. Model files and the files beside them are never changed.
    """
    if forget is not None:
        return _forget(call, forget)
    _check(call, given, examples)
    report = _dry_run(call, given, examples) if dry_run else _scan(call, given, examples)
    if report.cancelled:
        found = f"{report.new:,} new and {report.updated:,} updated models are in the queue"
        raise Failed(f"interrupted: {found}; scan again to go on", INTERRUPTED, scan_object(report))
    call.answer(scan_object(report), lambda: scan_lines(report, dry_run=dry_run))
    return 0


def _check(call: CliContext, given: tuple[str, ...], examples: str | None) -> None:
    """Refuse what cannot be scanned before a new library is created for it."""
    from core.backup.restore_steps import is_library
    from core.importing.scan.survey import check_examples, check_root, is_database, needs_folders, root_of

    roots = [root_of(folder) for folder in given]
    for root in roots:
        check_root(root)
    if examples is not None:
        check_examples(examples)
    if is_library(Path(call.folder)):
        return
    if not given:
        raise Failed(_NONE_REMEMBERED, USAGE)
    if all(map(is_database, roots)):
        raise needs_folders(roots[0])


def _scan(call: CliContext, given: tuple[str, ...], examples: str | None) -> ScanReport:
    line, began = ProgressLine(), time.monotonic()
    with interruptible() as cancel, call.writing() as library:
        if not given and not library.model_folders.remembered():
            raise Failed(_NONE_REMEMBERED, USAGE)
        try:
            return library.model_folders.scan(
                given,
                examples=examples,
                cancel=cancel,
                progress=lambda progress: line.show(_progress_words(progress, time.monotonic() - began)),
            )
        finally:
            line.clear()


def _dry_run(call: CliContext, given: tuple[str, ...], examples: str | None) -> ScanReport:
    """Scan beside what the library knows; without a library, beside an empty one."""
    from core.backup.restore_steps import is_library
    from core.library import Library

    with TemporaryDirectory(prefix="model-curator-") as scratch:
        there = is_library(Path(call.folder))
        with call.reading() if there else Library.open(scratch) as library, interruptible() as cancel:
            return library.model_folders.scan(given, examples=examples, dry_run=True, cancel=cancel)


def _forget(call: CliContext, folder: str) -> int:
    with call.changing() as library:
        known = library.model_folders.forget(folder)
    path = os.path.abspath(folder)
    if not known:
        raise Failed(f"{sanitize(path)} is not a remembered folder; nothing was changed")
    call.answer({"forgotten": path}, lambda: [f"{sanitize(path)} is scanned no more; what was imported from it stays."])
    return 0


def _progress_words(progress: ScanProgress, seconds: float) -> str:
    words = f"scanning: {progress.done:,} of {progress.total:,} models, {format_size(progress.read)} read"
    left = seconds / progress.done * (progress.total - progress.done) if progress.done else 0
    return f"{words}, {left:.0f} s left" if seconds > 2 and left >= 1 else words
