"""``--verify``: check a library and the program, changing nothing."""

from __future__ import annotations

from core.errors import LibraryError
from tui.cli.context import FAILED, USAGE, CliContext, Failed, sentence
from tui.cli.formatting import verify_lines
from tui.cli.json_output import verify_object


def verify(call: CliContext, full: bool) -> int:
    """Run every check and print one line for each; ``full`` reads every hashed model file again."""
    from core.verify import verify_folder

    try:
        report = verify_folder(call.folder, full=full)
    except LibraryError as error:
        raise Failed(str(error), USAGE) from error
    except OSError as error:
        raise Failed(sentence(error), USAGE) from error
    call.answer(verify_object(report), lambda: verify_lines(report))
    return 0 if report.ok else FAILED
