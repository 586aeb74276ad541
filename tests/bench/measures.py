"""Measurements of each program, and of core alone."""

from __future__ import annotations

import re
import sqlite3
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

from core.domain.enums import Strategy
from core.domain.sort_order import SortKey, SortOrder
from core.library import Library
from tests.bench.libraries import name_of
from tests.bench.screen import Cost, Screen, running

_STARTS = 3
_KEYS = 25
_PAGES = 12
_WORD = "ember"
_FIRST_NAMES = [name_of(number) for number in range(1, 91, 7)]  # names with the alphabetically first word
_PAGE_DOWN = "\x1b[6~"
T = TypeVar("T")

Figures = Mapping[str, float]  # by name, in ms or MiB


def of_program(name: str, library: Path, count: int) -> Figures:
    """Return the figures of opening one of the programs, moving in it, filtering and sorting."""
    firsts = [_open(name, library) for _ in range(_STARTS)]
    with running(name, str(library)) as screen:
        screen.first_picture(lambda: screen.shows(name_of(20)))
        screen.settle()
        figures = {"first picture": statistics.median(firsts), "memory": screen.memory()}
        figures |= _costs("a key", [_key(screen, number) for number in range(2, _KEYS + 2)])
        last = screen.press("G", lambda: screen.shows(name_of(count - 3)))
        figures["G to the last row"] = last.seconds * 1000
        screen.press("g", lambda: screen.shows(name_of(20)))
        screen.press(_PAGE_DOWN, lambda: True)  # to the last row in view
        figures |= _costs("a page", [_page(screen) for _ in range(_PAGES)])
        figures |= _filter(screen)
        figures["memory afterwards"] = screen.memory()
    with running(name, str(library)) as screen:
        screen.first_picture(lambda: screen.shows(name_of(20)))
        screen.settle()
        figures["sort by name"] = screen.press("t", lambda: screen.shows(*_FIRST_NAMES)).seconds * 1000
    return figures


def _open(name: str, library: Path) -> float:
    """Return the time from the start until the rows are shown, in ms; a single sample says little."""
    with running(name, str(library)) as screen:
        return screen.first_picture(lambda: screen.shows(name_of(20))) * 1000


def _costs(what: str, costs: list[Cost]) -> Figures:
    return {
        what: statistics.median(cost.seconds for cost in costs) * 1000,
        f"{what}, processor": statistics.mean(cost.processor for cost in costs) * 1000,
    }


def _key(screen: Screen, number: int) -> Cost:
    words = name_of(number)
    before = screen.ground(words)
    return screen.press("j", lambda: screen.ground(words) not in ("", before))


def _page(screen: Screen) -> Cost:
    last = max(int(number) for number in re.findall(r"model (\d{6})", screen.text))
    return screen.press(_PAGE_DOWN, lambda: screen.shows(name_of(last + 12)))


def _filter(screen: Screen) -> Figures:
    found = [name_of(number) for number in range(1, 60) if _WORD in name_of(number)]
    screen.press("g", lambda: screen.shows(name_of(1)))
    screen.press("/", lambda: True)
    cost = screen.press(_WORD, lambda: screen.shows(*found))
    return {"a filter word": cost.seconds * 1000}


def of_core(folder: Path) -> Figures:
    """Return how long each query of the app takes, and writing 1,000 decisions and promoting 100 imports."""
    with Library.open(folder) as library:
        queue = library.queue
        ids = queue.search()
        middle = len(ids) // 2
        figures = {
            "all ids": _time(queue.search),
            "ids with a word": _time(lambda: queue.search(_WORD)),
            "a window of rows": _time(lambda: queue.rows(ids[middle : middle + 64])),
            "sorted by name": _time(lambda: queue.search("", SortOrder(SortKey.NAME))),
            "sorted by state": _time(lambda: queue.search("", SortOrder(SortKey.STATE))),
            "counts": _time(queue.counts),
            "decide 1,000": _time(lambda: queue.decide(ids[:1000], Strategy.MERGE)),
        }
        queue.decide(ids, None)
        promote = library.processor.process_single_import
        some = [pending_id for pending_id in ids[-220:] if pending_id % 20 not in (1, 5)][
            :100
        ]  # imports whose file is there and that are not in conflict
        figures["promote 100"] = _time(lambda: [promote(pending_id, Strategy.MERGE) for pending_id in some])
    return figures


def _time(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def of_an_evening(library: Path, count: int) -> Figures:
    """Return the figures of deciding a whole queue, then applying 100 decisions while the cursor moves."""
    with running("app", str(library)) as screen:
        screen.first_picture(lambda: screen.shows(name_of(20)))
        screen.wait(lambda: screen.shows(f"{count:,} pending"))
        figures = {"mark all": screen.press("*", lambda: screen.shows("✓ ")).seconds * 1000}
        start = time.monotonic()
        figures["decide all"] = screen.press("m", lambda: screen.shows(f"{count:,} decided")).seconds * 1000
        _wait(lambda: _decided(library) == count)
        figures["decide all, stored"] = (time.monotonic() - start) * 1000
        screen.press("*c", lambda: screen.shows(" 0 decided"))
        _wait(lambda: _decided(library) == 0)
        screen.press("g" + " " * 100 + "m", lambda: screen.shows("100 decided"))
        figures["summary"] = screen.press("a", lambda: screen.shows("Apply 100 decisions")).seconds * 1000
        screen.wait(lambda: not screen.shows("more plans"))
        figures |= _apply(screen)
        figures["memory afterwards"] = screen.memory()
    return figures


def _apply(screen: Screen) -> Figures:
    start = time.monotonic()
    screen.delay("y", lambda: screen.shows("applying") or screen.shows(" applied"))
    waits = []
    while not screen.shows(" applied"):
        waits.append(screen.delay("j", partial(_moved, screen, screen.cursor_line())) * 1000)
    return {
        "apply 100": (time.monotonic() - start) * 1000,
        "a key meanwhile": statistics.median(waits),
        "a key meanwhile, longest": max(waits),
    }


def _moved(screen: Screen, before: str) -> bool:
    return screen.cursor_line() != before


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.005)


def _decided(library: Path) -> int:
    with closing(sqlite3.connect(library / "library.db")) as connection:
        return int(connection.execute("SELECT count(decision) FROM pending_import").fetchone()[0])


def of_hashing(library: Path) -> Figures:
    """Return the figures of opening the app when nothing is hashed yet, and of moving while it hashes."""
    with running("app", str(library)) as screen:
        figures = {"first picture": screen.first_picture(lambda: screen.shows(name_of(20))) * 1000}
        begun = screen.wait(lambda: screen.shows("hashing"))
        figures["hashing begins, after that"] = begun * 1000
        waits = [screen.delay("j", partial(_moved, screen, screen.cursor_line())) * 1000 for _ in range(_KEYS)]
        figures |= {"a key meanwhile": statistics.median(waits), "a key meanwhile, longest": max(waits)}
        figures["memory"] = screen.memory()
    return figures
