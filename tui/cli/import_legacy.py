"""``import-legacy``: import an old manager's database."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from core.importing.errors import ImportInterrupted
from tui.cli.completers import files, folders
from tui.cli.context import INTERRUPTED, CliContext, Failed, command
from tui.cli.formatting import import_lines
from tui.cli.json_output import import_object
from tui.cli.terminal import ProgressLine, interruptible


def _roots(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> Mapping[str, str]:
    """Return the root mapping; new roots are made absolute, since shells do not expand ``~`` after ``=``."""
    roots = {}
    for text in given:
        old, equals, new = text.partition("=")
        if not (old and equals and new):
            raise click.BadParameter(f"{text!r} is not OLD=NEW", context, parameter)
        roots[old] = os.path.abspath(os.path.expanduser(new))
    return roots


path_map_option = click.option(
    "--map",
    "path_map",
    metavar="OLD=NEW",
    multiple=True,
    callback=_roots,
    help="Map a folder of the old machine to one on this machine; repeatable.",
)


@contextmanager
def _interrupted_at_once() -> Iterator[None]:
    """Report a second Ctrl-C with the counts known by then; its batch is imported whole or not at all."""
    try:
        yield
    except ImportInterrupted as interrupt:
        report = interrupt.report
        came = f"at least {report.models:,} models and {report.pending:,} pending imports were imported"
        raise Failed(f"interrupted: {came}; import again to go on", INTERRUPTED, import_object(report)) from None
    except KeyboardInterrupt:
        raise Failed("interrupted: import again to go on", INTERRUPTED) from None


@command("import-legacy")
@click.argument("database", metavar="DB", shell_complete=files)
@click.option(
    "--images",
    "images_dir",
    metavar="DIR",
    shell_complete=folders,
    help="Folder of the old images (default: import metadata only).",
)
@path_map_option
def import_legacy(call: CliContext, database: str, images_dir: str | None, path_map: Mapping[str, str]) -> int:
    """Import an old manager's database.

    Rows with a hash are added to the library, all others to the queue. Importing again adds only new rows.
    """
    _look_before_a_library_is_made(call, database, images_dir)
    line = ProgressLine()
    with interruptible() as cancel, _interrupted_at_once(), call.writing() as library:
        try:
            report = library.import_legacy(
                database,
                images_dir=images_dir,
                path_map=path_map,
                cancel=cancel,
                progress=lambda done, count: line.show(f"importing: {done:,} of {count:,} rows"),
            )
        finally:
            line.clear()
    if report.cancelled:
        came = f"{report.models:,} models and {report.pending:,} pending imports were imported"
        raise Failed(f"interrupted: {came}; import again to go on", INTERRUPTED, import_object(report))
    call.answer(import_object(report), lambda: import_lines(report))
    return 0


def _look_before_a_library_is_made(call: CliContext, database: str, images_dir: str | None) -> None:
    """Reject sources that cannot be imported before a new library is created for them."""
    from core.backup.restore_steps import is_library
    from core.library import check_import

    if not is_library(Path(call.folder)):
        check_import(database, images_dir)
