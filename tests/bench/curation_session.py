"""A curation session in a real terminal: a queue with every kind of import is worked off by keys, then checked.

``python -m tests.bench evening`` works off 500 imports twice: with suggestions, and with a key for each model.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.domain.enums import Action, Strategy
from core.library import Library
from core.merger import is_empty, json_equal
from core.verify import verify_library
from tests.bench.queues import CONFLICTS, Kind, expected_strategy, kind_of
from tests.bench.screen import Screen, running
from tests.support.builders import journal

_KEYS = {Strategy.MERGE: "m", Strategy.OVERRIDE: "o", Strategy.DELETE: "d"}
_TABS = ("merge", "override", "delete", "skip")


@dataclass
class CurationSession:
    """The timings of a session, in seconds: from each key to its effect, and to the comparison of the next import."""

    count: int
    waits: list[tuple[float, str]] = field(default_factory=list)
    wholes: list[float] = field(default_factory=list)
    leaving: float = 0.0
    shown: dict[int, str] = field(default_factory=dict)  # by id: its comparison at the time of the decision

    @property
    def keys(self) -> int:
        """The number of keys pressed, including the one that leaves."""
        return len(self.waits) + 1


class Curator:
    """Works off one queue key by key, and looks at each import before deciding on it."""

    def __init__(self, screen: Screen, count: int) -> None:
        self._screen = screen
        self.evening = CurationSession(count)
        kinds = [kind_of(pending_id) for pending_id in range(1, count + 1)]
        self._counts = [f"{sum(kind in CONFLICTS for kind in kinds)} conflicts", f"{kinds.count(Kind.MISSING)} missing"]

    def work(self, *, suggestions: bool) -> CurationSession:
        """Work off the whole queue, and leave."""
        screen = self._screen
        screen.first_picture(lambda: screen.shows("model 000001"))
        screen.wait(lambda: screen.shows(*self._counts) and not screen.shows("hashing"))
        left = self.evening.count
        if suggestions:
            left = self._take_suggested(left)
        for _ in range(left):
            self._decide()
        self._apply(left)
        screen.wait(lambda: screen.shows("The queue is empty"))
        self.evening.leaving = screen.leave("q")
        return self.evening

    def _take_suggested(self, left: int) -> int:
        screen = self._screen
        self._press("*", lambda: screen.shows("✓ "))
        self._press(".", lambda: screen.shows("Looking up") or screen.shows("left: to review"))
        screen.wait(lambda: screen.shows("left: to review"))
        self._press("\x1b", lambda: not screen.shows("✓ "))
        decided = int(_found(r"([\d,]+) decided", screen.text).replace(",", ""))
        self._apply(decided)
        return left - decided

    def _decide(self) -> None:
        self._screen.wait(self._is_shown)
        pending_id = self._at()
        assert pending_id is not None
        self.evening.shown[pending_id] = self._comparison()
        strategy = expected_strategy(pending_id)
        done = re.compile(rf"^. *{pending_id} .* ● {strategy}", re.MULTILINE)
        wait, whole = self._screen.delays(_KEYS[strategy], lambda: done.search(self._screen.text), self._is_shown)
        self.evening.waits.append((wait, _KEYS[strategy]))
        self.evening.wholes.append(whole)

    def _apply(self, decided: int) -> None:
        screen = self._screen
        screen.settle()
        self._press("a", lambda: screen.shows(f"Apply {decided:,} decision"))
        screen.wait(lambda: not screen.shows("more plans"))
        self._press("y", lambda: screen.shows("applying") or screen.shows(" applied"))
        screen.wait(lambda: screen.shows(f" {decided:,} applied"))
        screen.settle()

    def _press(self, key: str, effect: Callable[[], object]) -> None:
        self.evening.waits.append((self._screen.delay(key, effect), key))

    def _at(self) -> int | None:
        line = re.match(r"▌\W*(\d+) ", self._screen.cursor_line())
        return int(line[1]) if line else None

    def _is_shown(self) -> bool:
        pending_id = self._at()
        return pending_id is not None and f"{pending_id:06}" in self._comparison()

    def _comparison(self) -> str:
        lines = self._screen.text.splitlines()
        start = next((n for n, line in enumerate(lines) if all(tab in line[:50] for tab in _TABS)), len(lines))
        return "\n".join(lines[start:])


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


def work_off(library: Path, count: int, *, suggestions: bool) -> CurationSession:
    """Work off the queue of a library made by ``build_queue``."""
    with running("app", str(library)) as screen:
        return Curator(screen, count).work(suggestions=suggestions)


def violations(folder: Path, evening: CurationSession) -> list[str]:
    """Return the problems found in the library after a session; empty if there are none.

    A merge must not have changed any value that the library had. An override may, if the import was under the cursor
    when it was decided and its comparison on the screen showed each of these values.
    """
    with Library.open(folder) as library:
        found = [f"{len(library.queue.search())} are left in the queue"] if library.queue.search() else []
        for entry in journal(library):
            what = f"{entry['action']} {entry['pending_id']}"
            shown = evening.shown.get(entry["pending_id"], "") if entry["action"] == Action.OVERRIDDEN else ""
            lost = [value for value in _overwritten(entry) if not _is_in(value, shown)]
            found += [f"{what} overwrote {value!r}, which was not shown" for value in lost]
        report = verify_library(library)
        return found + ([] if report.ok else [str(finding) for finding in report.findings])


def _overwritten(entry: Mapping[str, Any]) -> Iterator[object]:
    """Yield the values of the library's model that an operation changed or removed, including images and tags."""
    before, after = entry["before"] or {}, entry["after"] or {}
    if not before.get("models"):
        return
    old, new = _values(before["models"][0]), _values(after["models"][0])
    for path, value in old.items():
        if not is_empty(value) and not json_equal(value, new.get(path)):
            yield value
    kept = {image["seq"]: image["source_sha256"] for image in after["model_images"]}
    for image in before["model_images"]:
        if kept.get(image["seq"]) != image["source_sha256"]:
            yield image["seq"]
    tags = [tag["tag_id"] for tag in after["model_tags"]]
    yield from (tag["tag_id"] for tag in before["model_tags"] if tag["tag_id"] not in tags)


def _values(row: Mapping[str, Any]) -> dict[str, object]:
    return {**row, "meta_json": None, **{f"meta_json.{key}": v for key, v in json.loads(row["meta_json"]).items()}}


def _is_in(value: object, shown: str) -> bool:
    text = str(value)
    return bool(shown) and (text[:20] in shown or text[-20:] in shown)  # long values are cut at either end


def report(title: str, evening: CurationSession, aim: float, problems: Sequence[str]) -> None:
    """Print the figures of a session."""
    waits = sorted(evening.waits)
    longest, key = waits[-1]
    print(f"\n{title}: {evening.count:,} imports, {evening.keys:,} keys")
    print(f"  keys per model              {evening.keys / evening.count:>8.2f}       aim {aim}")
    print(f"  a key, median               {statistics.median(wait for wait, _ in waits) * 1000:>8.1f} ms")
    print(f"  a key, 95th percentile      {percentile([wait for wait, _ in waits]) * 1000:>8.1f} ms")
    print(f"  a key, longest              {longest * 1000:>8.1f} ms    {key!r}")
    print(f"  the next, 95th percentile   {percentile(evening.wholes) * 1000:>8.1f} ms    with its comparison")
    print(f"  the next, longest           {max(evening.wholes) * 1000:>8.1f} ms")
    print(f"  leaving                     {evening.leaving * 1000:>8.1f} ms    until the process has ended")
    print(f"  overwritten unseen, or wrong{len(problems):>8}")
    for problem in problems:
        print(f"    {problem}")


def percentile(values: Sequence[float], part: float = 0.95) -> float:
    """Return the value below which ``part`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
