"""``relink``: find the files of missing models and of missing pending imports."""

from __future__ import annotations

from collections.abc import Mapping

import click

from tui.cli.completers import folders
from tui.cli.context import CliContext, command
from tui.cli.formatting import relink_lines
from tui.cli.import_legacy import path_map_option
from tui.cli.json_output import relink_object
from tui.cli.terminal import ProgressLine, interruptible


@command("relink")
@click.argument("given", metavar="[DIR]...", nargs=-1, shell_complete=folders)
@path_map_option
def relink(call: CliContext, given: tuple[str, ...], path_map: Mapping[str, str]) -> int:
    """Find model files that are no longer at their paths.

    DIR is a folder to look in; without it, the remembered folders. A file is known by its hash, or by its stamp if it
    was only moved. --map changes paths that begin with OLD, where a file is found at the new one.
    """
    from core.importing.scan.survey import check_root, root_of

    roots = [root_of(folder) for folder in given]
    for root in roots:
        check_root(root)
    line = ProgressLine()
    with interruptible() as cancel, call.changing() as library:
        try:
            report = library.model_folders.relink(
                roots,
                path_map=path_map,
                cancel=cancel,
                progress=lambda done, count: line.show(f"looking for files: {done:,} of {count:,}"),
            )
        finally:
            line.clear()
    call.answer(relink_object(report), lambda: relink_lines(report))
    return 0
