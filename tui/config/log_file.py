"""``--log-file``: all activity of the program and its library, one plain line each, with tracebacks."""

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
    """Return whether a file may be appended to, and is not a model or a database given by mistake."""
    try:
        with open(path, "rb") as file:
            start = file.read(_STAMP_LENGTH)
    except FileNotFoundError:
        return True
    return not start or _STAMP.fullmatch(start) is not None


class LogFile(logging.FileHandler):
    """Appends to a regular file. A full disk stops nothing: what cannot be written is dropped."""

    def __init__(self, path: str) -> None:
        """Open or create the file. Raises OSError."""
        if os.path.lexists(path) and not os.path.isfile(path):
            raise OSError(0, "it is not a regular file", path)
        if not _is_log(path):
            raise OSError(0, "it holds something else than a log of this program; give another name", path)
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(_Plain("%(asctime)s %(levelname)-8s %(name)s: %(message)s"))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name for it
        """Ignore the error: standard error may be the app's screen."""


class _Plain(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record.message = sanitize(record.message, _LONGEST)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802
        return sanitize(super().formatException(ei), _TRACE, lines=True)  # type: ignore[arg-type]


def start_log(path: str) -> None:
    """Start logging to this file, instead of any other. Raises OSError."""
    handler = LogFile(path)
    stop_log()
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)


def stop_log() -> None:
    """Stop logging."""
    for handler in [one for one in LOGGER.handlers if isinstance(one, LogFile)]:
        LOGGER.removeHandler(handler)
        handler.close()
    LOGGER.setLevel(logging.NOTSET)
