"""A human-readable report of one run of Stage 1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.content import Content

from core.domain.imports import ImportReport, Problem
from tui.presenters.cell_text import cut, cut_front, fit, wrap
from tui.theme.palette import AMBER, BRIGHT, GREY, TEXT

_MANY = 12  # above this number, problems are also grouped by reason
_REASONS = 8
_SHOWN = 300
_LINES_EACH = 4
_TELLING = 200  # characters of a reason that distinguish it from others
_NUMBER = re.compile(r"\d+")
_IMAGE_FIELDS = ("image", "preview", "thumbnail")
_NO_NAME = "invalid image name"


@dataclass(frozen=True, slots=True)
class Reason:
    """How many problems of one field have the same reason."""

    count: int
    field: str
    words: str


def reasons(problems: Sequence[Problem]) -> list[Reason]:
    """Group problems by field and reason, the most frequent first; numbers in a reason make no difference."""
    counts: dict[tuple[str, str], int] = {}
    words: dict[tuple[str, str], str] = {}
    for problem in problems:
        said = _without_names(problem)
        key = problem.field, _NUMBER.sub("…", said)
        counts[key] = counts.get(key, 0) + 1
        if words.setdefault(key, said) != said:
            words[key] = key[1]
    found = [Reason(count, field, words[field, said]) for (field, said), count in counts.items()]
    return sorted(found, key=lambda reason: -reason.count)


def _without_names(problem: Problem) -> str:
    """Return a reason without its subject: the name before it for an image, the value after it for a field."""
    of_image = any(word in problem.field for word in _IMAGE_FIELDS) and not problem.reason.startswith(_NO_NAME)
    words = problem.reason.rpartition(": ")[2] if of_image else problem.reason.partition(": ")[0]
    return words[:_TELLING]


def title(report: ImportReport) -> str:
    """Return a title that says how the import ended."""
    return "The import was cancelled; rows imported so far stay" if report.cancelled else "The import is done"


def report_lines(report: ImportReport, summed: Sequence[Reason], width: int) -> Content:
    """Return the report, ``width`` cells wide; of very many problems only the first, and how to print the rest."""
    width = max(width, 30)
    return Content("\n").join(
        [*_numbers(report), *_not_found(report, width), *_problems(report.problems, summed, width)]
    )


def _numbers(report: ImportReport) -> Iterator[Content]:
    if not (report.models or report.pending or report.tags or report.images):
        before = f": {report.skipped:,} rows were imported earlier" if report.skipped else ""
        yield Content.styled(f"Nothing new{before}.", TEXT)
        return
    lines = (
        (report.models, "models", "into the library, their hashes were known"),
        (report.pending, "imports", "into the queue"),
        (report.tags, "tags", ""),
        (report.images, "images", ""),
        (report.skipped, "rows", "imported earlier, unchanged"),
    )
    for count, noun, where in lines:
        if count:
            word = noun[:-1] if count == 1 else noun
            yield Content.assemble((f"{count:>9,}  ", f"bold {BRIGHT}"), (f"{word:<9}", TEXT), (where, GREY))


def _not_found(report: ImportReport, width: int) -> Iterator[Content]:
    for one in report.not_found:
        words = f"model files are not there, under {cut_front(one.beginning, max(width - 45, 20))}"
        yield Content.assemble((f"{one.files:>9,}  ", f"bold {AMBER}"), (words, TEXT))
    if report.not_found:
        hint = "model-curator relink --map OLD=NEW maps these folders to those of this machine"
        yield Content.styled("\n".join(" " * 11 + line for line in wrap(hint, width - 11)), GREY)


def _problems(problems: Sequence[Problem], summed: Sequence[Reason], width: int) -> Iterator[Content]:
    if not problems:
        return
    noun = "problem" if len(problems) == 1 else "problems"
    yield Content.assemble((f"\n{len(problems):>9,}  ", f"bold {AMBER}"), (noun, f"bold {AMBER}"))
    if len(problems) > _MANY:
        yield from _sums(summed, width)
    yield Content("")
    yield Content.styled(cut(f"{'row':>9}  {'field':<12}  problem", width), GREY)
    for problem in problems[:_SHOWN]:
        yield _problem(problem, width)
    if (more := len(problems) - _SHOWN) > 0:
        words = f"and {more:,} more: model-curator import-legacy … --json prints all of them"
        yield Content.styled("\n" + "\n".join(wrap(words, width)), AMBER)


def _sums(summed: Sequence[Reason], width: int) -> Iterator[Content]:
    for reason in summed[:_REASONS]:
        said = cut(reason.words, width - 25)
        yield Content.assemble((f"{reason.count:>9,}  ", TEXT), (f"{fit(reason.field, 12)}  ", GREY), (said, TEXT))
    if (others := sum(reason.count for reason in summed[_REASONS:])) > 0:
        yield Content.styled(f"{others:>9,}  for other reasons", GREY)


def _problem(problem: Problem, width: int) -> Content:
    row = "—" if problem.row is None else str(problem.row)
    first, *rest = wrap(problem.reason, width - 25, _LINES_EACH)
    margin = " " * 25
    return Content.assemble(
        (f"{fit(row, 9, right=True)}  {fit(problem.field, 12)}  ", GREY),
        (first, TEXT),
        *((f"\n{margin}{line}", TEXT) for line in rest),
    )
