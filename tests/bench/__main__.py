"""Print timings of long queues compared with short ones and with a ``DataTable``; what counts is the ratios.

``python -m tests.bench`` uses queues of 1,000, 10,000 and 100,000 imports, ``python -m tests.bench 1000 5000`` others.
``python -m tests.bench evening`` works off a queue of 500 by keys, ``… busy`` presses keys while it promotes.
``python -m tests.bench scan`` scans 1,000, 10,000 and 100,000 models beside the bare work.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.bench.curation_session import report, violations, work_off
from tests.bench.key_latency import of_keys
from tests.bench.keys_under_load import build_busy, of_promoting, report_busy
from tests.bench.libraries import build
from tests.bench.measures import Figures, of_an_evening, of_core, of_hashing, of_program
from tests.bench.queues import build_queue
from tests.bench.scanning import scanning

_COUNTS = (1_000, 10_000, 100_000)
_LIST, _TABLE, _APP = "list", "table", "app"
_NO_RATIO = "      -"
_EVENING, _DECIDED = 500, 100  # imports


def main(counts: Sequence[int]) -> None:
    """Measure everything and print the tables."""
    with tempfile.TemporaryDirectory(prefix="tests.bench-") as folder:
        hashed = {count: build(_new(folder, f"{count}"), count) for count in counts}
        unhashed = {count: build(_new(folder, f"{count}-unhashed"), count, hashed=False) for count in counts}
        programs = {
            name: {count: of_program(name, library, count) for count, library in hashed.items()}
            for name in (_LIST, _TABLE, _APP)
        }
        for count in counts:
            _print_beside(count, programs[_LIST][count], programs[_TABLE][count])
        _print("the app", programs[_APP])
        _print("core", _each(hashed, lambda count: of_core(hashed[count])))
        _print("deciding and applying", _each(hashed, lambda count: of_an_evening(hashed[count], count - 100)))
        _print("nothing hashed yet", _each(unhashed, lambda count: of_hashing(unhashed[count])))


def evening() -> None:
    """Work off a queue twice and print the figures."""
    with tempfile.TemporaryDirectory(prefix="tests.bench-") as folder:
        for title, suggestions, aim in (("with suggestions", True, 0.3), ("a key for each", False, 1.05)):
            library = build_queue(Path(folder, title), _EVENING)
            worked = work_off(library, _EVENING, suggestions=suggestions)
            report(title, worked, aim, violations(library, worked))


def busy() -> None:
    """Press keys while the app promotes, and print how long they take."""
    with tempfile.TemporaryDirectory(prefix="tests.bench-") as folder:
        report_busy("in the app", of_keys(build_busy(_new(folder, "app"), _DECIDED), _DECIDED))
        report_busy("through a terminal", of_promoting(build_busy(_new(folder, "terminal"), _DECIDED), _DECIDED))


def scan() -> None:
    """Scan folders of models twice, and print the times beside those of the bare work."""
    with tempfile.TemporaryDirectory(prefix="tests.bench-") as folder:
        scanning(Path(folder), _COUNTS)


def _new(folder: str, name: str) -> Path:
    path = Path(folder, name)
    path.mkdir()
    return path


def _each(counts: Mapping[int, Path], measure: Callable[[int], Figures]) -> Mapping[int, Figures]:
    return {count: measure(count) for count in counts}


def _print(title: str, figures: Mapping[int, Figures]) -> None:
    counts = list(figures)
    print(f"\n{title:<28}" + "".join(f"{count:>12,}" for count in counts) + "   last : first")
    for what in figures[counts[0]]:
        values = [figures[count][what] for count in counts]
        print(f"  {what:<26}" + "".join(map(_cell, [what] * len(values), values)) + f"{_ratio(values[-1], values[0])}")


def _print_beside(count: int, ours: Figures, theirs: Figures) -> None:
    print(f"\n{f'{count:,} rows':<28}{'the list':>12}{'DataTable':>12}   list : DataTable")
    for what, value in ours.items():
        print(f"  {what:<26}{_cell(what, value)}{_cell(what, theirs[what])}{_ratio(value, theirs[what])}")


def _cell(what: str, value: float) -> str:
    return f"{value:>8,.1f} {'MiB' if what.startswith('memory') else 'ms '}"


def _ratio(value: float, other: float) -> str:
    return f"{value / other:>9.2f}" if other else _NO_RATIO


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["evening"]:
            evening()
        case ["busy"]:
            busy()
        case ["scan"]:
            scan()
        case counts:
            main([int(count) for count in counts] or _COUNTS)
