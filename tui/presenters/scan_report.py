"""A human-readable report of one scan of model folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.content import Content

from core.domain.scans import ScanReport
from tui.presenters.cell_text import cut_front, wrap
from tui.theme.palette import AMBER, BRIGHT, GREY, TEXT

_SHOWN = 300
_LINES_EACH = 4


def scan_title(report: ScanReport) -> str:
    """Return a title that says how the scan ended."""
    return "The scan was cancelled; what was read stays" if report.cancelled else "The scan is done"


def scan_report_lines(report: ScanReport, width: int, words: str = "") -> Content:
    """Return the report, ``width`` cells wide; of very many problems only the first, and how to print the rest.

    Only problems are shown that have all of the ``words`` in their path or reason, whatever their case.
    """
    lines = [*_numbers(report), *_offline(report, width), *_problems(report, max(width, 30), words.casefold().split())]
    return Content("\n").join(lines)


def _numbers(report: ScanReport) -> Iterator[Content]:
    lines = (
        (report.new, "new", "into the queue"),
        (report.updated, "updated", "their sources say something else now"),
        (len(report.moved), "moved", "found at another path"),
        (report.missing, "missing", "no longer where they were"),
        (report.images, "images", ""),
        (report.known, "known", "nothing new"),
    )
    if not report.files and not report.offline:
        yield Content.styled("There is no model file in these folders.", TEXT)
    for count, noun, where in lines:
        if count:
            yield Content.assemble((f"{count:>9,}  ", f"bold {BRIGHT}"), (f"{noun:<9}", TEXT), (where, GREY))


def _offline(report: ScanReport, width: int) -> Iterator[Content]:
    for root in report.offline:
        name = cut_front(root, max(width - 41, 20))
        yield Content.assemble(("  offline  ", f"bold {AMBER}"), (name, TEXT), ("  nothing under it was touched", GREY))


def _problems(report: ScanReport, width: int, words: Sequence[str]) -> Iterator[Content]:
    if not report.problems:
        return
    found = ((one, f"{one.path} {one.reason}".casefold()) for one in report.problems)
    problems = [one for one, text in found if all(word in text for word in words)]
    count = f"{len(problems):,} of {len(report.problems):,}" if words else f"{len(problems):,}"
    noun = "problem" if len(report.problems) == 1 else "problems"
    yield Content.assemble((f"\n{count:>9}  ", f"bold {AMBER}"), (noun, f"bold {AMBER}"))
    yield Content("")
    for problem in problems[:_SHOWN]:
        path = "\n".join(wrap(problem.path, width))
        reason = "\n".join(f"  {line}" for line in wrap(problem.reason, width - 2, _LINES_EACH))
        yield Content.assemble((path, GREY), (f"\n{reason}", TEXT))
    if (more := len(problems) - _SHOWN) > 0:
        words = f"and {more:,} more: model-curator scan --json prints all of them"
        yield Content.styled("\n" + "\n".join(wrap(words, width)), AMBER)
