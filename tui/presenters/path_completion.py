"""Typed paths: shown in printable characters, completed from the disk, read back byte for byte.

A file name may contain anything but ``/`` and NUL. What a terminal cannot show plainly is written as ``\\xNN``, one
escape per byte; a backslash that would look like the start of an escape is written as ``\\x5c``.
"""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.text import sanitize

_CHOICES = 50
_IMAGE_FOLDERS = ("images", "media")
_ESCAPE = re.compile(rb"\\x([0-9a-fA-F]{2})")
_LOOKS_ESCAPED = re.compile(r"\\(?=x[0-9a-fA-F]{2})")
_BETWEEN_ROOTS = re.compile(r"\s+;(?:\s+|$)|\n")


@dataclass(frozen=True, slots=True)
class Completion:
    """The completion of a typed path; ``choices`` are the first of ``total`` names, folders with a ``/``."""

    text: str
    choices: tuple[str, ...] = ()
    total: int = 0
    problem: str = ""
    settled: bool = False  # there is nothing to complete: the path names a file, or an empty folder


def printable(text: str) -> str:
    """Return a typed text with every unprintable character escaped; existing escapes stay."""
    return "".join(char if sanitize(char) == char else _escaped(char) for char in text)


def typed(path: str) -> str:
    """Return the text that represents a path; ``path_of`` is the inverse."""
    return printable(_LOOKS_ESCAPED.sub(r"\\x5c", path))


def path_of(text: str) -> str:
    """Return the path that a text represents, with ``~`` expanded."""
    return os.path.expanduser(_read(text))


def _escaped(char: str) -> str:
    byte_of_a_name = "\udc80" <= char <= "\udcff"
    data = char.encode("utf-8", "surrogateescape" if byte_of_a_name else "surrogatepass")
    return "".join(f"\\x{byte:02x}" for byte in data)


def _read(text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    return os.fsdecode(_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), data))


def complete(text: str, *, folders_only: bool = False) -> Completion:
    """Complete a typed path to the longest common prefix of its candidates.

    Hidden names count only if the typed one begins with a dot. Reads a folder: call it in a thread.
    """
    if "/" not in text and text.startswith("~") and path_of(text) != _read(text):
        return Completion(text + "/")
    head, slash, last = text.rpartition("/")
    start = _read(last)
    try:
        names = list(_names(path_of(head + slash) or ".", start, folders_only))
    except FileNotFoundError:
        return Completion(text, problem="There is no such folder.")
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else "a NUL character is in it"
        return Completion(text, problem=f"That folder cannot be read ({reason}).")
    if not names:
        return Completion(text, problem="Nothing there begins like that." if start else "", settled=not start)
    completed = head + slash + typed(os.path.commonprefix(names))  # noqa: RUF071 - by characters is what is wanted
    settled = completed == text and len(names) == 1
    return Completion(completed, tuple(heapq.nsmallest(_CHOICES, names)), len(names), settled=settled)


def _names(folder: str, start: str, folders_only: bool) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(start) or (entry.name.startswith(".") and not start.startswith(".")):
                continue
            if _is_folder(entry):
                yield entry.name + "/"
            elif not folders_only:
                yield entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into a folder that cannot be entered
        return False


def images_beside(database: str) -> str:
    """Return the typed path of the image folder beside a typed database path, '' if there is none."""
    head, slash, _ = database.rpartition("/")
    if os.path.isfile(path_of(database)):
        for name in _IMAGE_FOLDERS:
            if os.path.isdir(path_of(head + slash + name)):
                return head + slash + name
    return ""


def roots(text: str) -> dict[str, str]:
    """Return the root mapping of ``OLD=NEW ; OLD=NEW``, new roots made absolute. Raises ValueError.

    Only the new side is read as a typed path: in an old one, ``\\xab`` may be a folder.
    """
    found = {}
    for pair in _BETWEEN_ROOTS.split(text.strip()):
        if not pair:
            continue
        old, equals, new = (part.strip() for part in pair.partition("="))
        if not (old and equals and new):
            raise ValueError(f"“{sanitize(pair, 60)}” is not OLD=NEW: give the old folder, = and the new one.")
        found[old] = os.path.abspath(path_of(new))
    return found
