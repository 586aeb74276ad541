"""Helpers for restore tests: a backup, a promotion, a failing call, and the library's rows and errors."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import Library, Strategy
from core.verify import check_library
from core.verify.findings import Severity
from tests.support.builders import tables

COUNTS = ("file_hashes", "body_hashes", "image_generations", "image_verdicts", "pulse", "sqlite_sequence")
Rows = dict[str, list[tuple[Any, ...]]]


def rows(root: Path) -> Rows:
    """Return all rows of a closed library except caches and counters, including those still in its write-ahead log."""
    return tables(root / "library.db", without=COUNTS)


def errors(root: Path) -> list[str]:
    with Library.open(root, readonly=True) as library:
        found = check_library(library).findings
    return [f"{one.code} {one.path}" for one in found if one.severity is Severity.ERROR]


def backed_up(root: Path, *, images: bool) -> Path:
    target = root.parent / "backup"
    with Library.open(root) as library:
        if images:
            assert library.backup_with_images(target).missing == ()
        else:
            library.backup(target)
    return target


def promoting(number: int, strategy: Strategy) -> Callable[[Library], None]:
    def work(library: Library) -> None:
        assert library.processor.process_single_import(number, strategy).status == "success"

    return work


def refusing(code: int) -> Callable[..., None]:
    def refuse(source: object, target: object, **_: object) -> None:
        raise OSError(code, os.strerror(code), str(source))

    return refuse
