"""``--verify``: checks a library and the program, and changes nothing."""

from __future__ import annotations

from core.errors import LibraryError
from tui.commands.call import FAILED, USAGE, Call, Failed, sentence
from tui.commands.objects import verify_object
from tui.commands.text import verify_lines


def verify(call: Call) -> int:
    """Run every check and print one line for each."""
    from core.verify import verify_library

    try:
        library = call.reading()
    except LibraryError as error:
        raise Failed(str(error), USAGE) from error
    except OSError as error:
        raise Failed(sentence(error), USAGE) from error
    with library:
        report = verify_library(library)
    call.answer(verify_object(report), lambda: verify_lines(report))
    return 0 if report.ok else FAILED
