"""``--log-file``: what the program and its library do, one plain line each, a traceback where something broke."""

from __future__ import annotations

import logging
import os
import re

from core.text import sanitize

LOGGER = logging.getLogger("model_curator")
_LONGEST = 4000  # characters of a message
_TRACE = 100_000
_STAMP = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ")
_STAMP_LENGTH = 24


def _is_log(path: str) -> bool:
    """Tell whether lines may be added to a file: not to a model, or to the library's database, given by mistake."""
    try:
        with open(path, "rb") as file:
            start = file.read(_STAMP_LENGTH)
    except FileNotFoundError:
        return True
    return not start or _STAMP.fullmatch(start) is not None


class LogFile(logging.FileHandler):
    """Appends to a regular file. A full disk stops no one: what cannot be written is left out."""

    def __init__(self, path: str) -> None:
        """Open the file, or make it. Raises OSError."""
        if os.path.lexists(path) and not os.path.isfile(path):
            raise OSError(0, "it is not a regular file", path)
        if not _is_log(path):
            raise OSError(0, "it holds something else than a log of this program; give another name", path)
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(_Plain("%(asctime)s %(levelname)-8s %(name)s: %(message)s"))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name for it
        """Say nothing: standard error may be the app's screen."""


class _Plain(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record.message = sanitize(record.message, _LONGEST)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802
        return sanitize(super().formatException(ei), _TRACE, lines=True)  # type: ignore[arg-type]


def start_log(path: str) -> None:
    """Log to the file from now on, and to no other. Raises OSError."""
    handler = LogFile(path)
    stop_log()
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)


def stop_log() -> None:
    """Log no more."""
    for handler in [one for one in LOGGER.handlers if isinstance(one, LogFile)]:
        LOGGER.removeHandler(handler)
        handler.close()
    LOGGER.setLevel(logging.NOTSET)
