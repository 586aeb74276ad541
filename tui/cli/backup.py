"""``backup`` and ``restore``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from core.text import count_of, sanitize
from tui.cli.completers import files
from tui.cli.context import INTERRUPTED, CliContext, Failed, command
from tui.cli.terminal import ProgressLine, interruptible

if TYPE_CHECKING:
    from core.backup.backup import BackupReport
    from core.backup.restore import RestoreReport

_LONG = 4000


@command("backup")
@click.argument("file", metavar="FILE", type=click.Path(), shell_complete=files)
@click.option("--images", "images", is_flag=True, help="Create a folder FILE that also holds the sample images.")
def backup(call: CliContext, file: str, images: bool) -> int:
    """Copy the library's database to FILE.

    An existing file is not overwritten. With --images, FILE becomes a folder with library.db and the files of images/
    and pending/ that its rows name, as hard links where the file system allows it. The trash is not copied.
    """
    path = os.path.abspath(file)
    if images:
        report = _with_images(call, file)
        answer = {"backup": path, "files": report.files, "missing": list(report.missing)}
        call.answer(answer, lambda: _backup_lines(path, report))
        return 0
    with call.reading() as library:
        library.backup(file)
    call.answer({"backup": path}, lambda: [f"The database was copied to {sanitize(path, _LONG)}."])
    return 0


def _with_images(call: CliContext, file: str) -> BackupReport:
    from core.errors import Cancelled

    line = ProgressLine()
    with interruptible() as cancel, call.changing() as library:
        try:
            return library.backup_with_images(
                file, cancel=cancel, progress=lambda done, count: line.show(f"copying: {done:,} of {count:,} files")
            )
        except Cancelled as error:
            raise Failed(str(error), INTERRUPTED) from error
        finally:
            line.clear()


def _backup_lines(path: str, report: BackupReport) -> list[str]:
    lines = [f"The database and {count_of(report.files, 'image file')} were copied to {sanitize(path, _LONG)}."]
    if report.missing:
        lines.append(
            f"{count_of(len(report.missing), 'image file')} could not be copied: not in the library. See --verify."
        )
    return lines


@command("restore")
@click.argument("file", metavar="FILE", type=click.Path(), shell_complete=files)
def restore(call: CliContext, file: str) -> int:
    """Replace the library's database with a backup.

    FILE is a backup, with or without images, or another copy of a library.db. The previous database is kept in a
    folder beside it; restore that folder to go back.
    """
    report = _restored(call, file)
    with call.writing() as library:  # finishes an operation left open in the backup, as far as its files exist
        past = library.history.operations(1) if report.open_operation else []
    lost = [path for one in past if one.operation.number == report.open_operation for path in one.operation.lost]
    missing = [path for path in report.missing if not os.path.lexists(os.path.join(call.folder, path))]
    answer = {
        "restored": os.path.abspath(file),
        "kept": None if report.kept is None else str(report.kept),
        "images": report.images,
        "missing": missing,
        "lost": lost,
    }
    call.answer(answer, lambda: _restore_lines(report, missing, lost))
    return 0


def _restored(call: CliContext, file: str) -> RestoreReport:
    from core.backup.restore import restore as put_back
    from core.errors import Cancelled

    line = ProgressLine()
    with interruptible() as cancel:
        try:
            return put_back(
                call.folder,
                file,
                cancel=cancel,
                progress=lambda done, count: line.show(f"comparing: {done:,} of {count:,} image files"),
            )
        except Cancelled as error:
            raise Failed(str(error), INTERRUPTED) from error
        finally:
            line.clear()


def _restore_lines(report: RestoreReport, missing: list[str], lost: list[str]) -> list[str]:
    lines = ["The database was restored."]
    if report.images:
        lines.append(f"{count_of(report.images, 'image file')} put back.")
    if missing:
        lines.append(f"{count_of(len(missing), 'image file')} named in the database {_were(len(missing))} not found.")
    if lost:
        lines.append(
            f"An operation was open in the backup; {count_of(len(lost), 'file')} of it {_were(len(lost))} not found."
        )
    if report.kept is not None:
        lines.append(
            f"The replaced files are kept in {sanitize(report.kept, _LONG)}; restore that folder to undo this."
        )
    return [*lines, "Run model-curator --verify to compare the database with the files in the library."]


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
