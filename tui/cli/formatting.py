"""Human-readable output of the command line: aligned lines, with all text from data sanitized."""

from __future__ import annotations

import json
import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.domain.imports import ImportReport
from core.domain.knowledge import CheckedClaim, Knowledge
from core.domain.records import Model, QueueRow, RecordWithImages
from core.domain.relinks import RelinkReport
from core.domain.scans import ScanReport
from core.domain.verdict import VERDICT_WORDS
from core.text import count_of, format_size, sanitize
from tui.presenters.generation_words import settings_words

if TYPE_CHECKING:
    from core.verify.findings import VerifyReport

_LONG = 100_000  # for descriptions, which ``show`` prints in full


def table(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Return rows as aligned lines; columns in ``right`` are right-aligned, the last one is not padded."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_cells(row, widths, right)).rstrip() for row in rows]


def _cells(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> Iterator[str]:
    for number, (text, width) in enumerate(zip(row, widths, strict=True)):
        space = " " * (width - _width(text))
        if number in right:
            yield space + text
        else:
            yield text if number == len(widths) - 1 else text + space


def _width(text: str) -> int:
    """Return the width of a plain text in terminal cells."""
    return sum(
        2 if unicodedata.east_asian_width(char) in "WF" else unicodedata.category(char) not in ("Mn", "Me")
        for char in text
    )


def queue_lines(rows: Sequence[QueueRow]) -> list[str]:
    """Return the queue as a table, followed by its counts."""
    if not rows:
        return ["The queue is empty."]
    head = ("id", "state", "decision", "type", "size", "images", "name")
    body = [
        (
            str(row.id),
            row.state,
            row.decision or "-",
            sanitize(row.type, 20),
            format_size(row.size_bytes),
            str(len(row.images)),
            sanitize(row.title),
        )
        for row in rows
    ]
    states = Counter(row.state for row in rows)
    parts = [f"{number:,} {state}" for state, number in sorted(states.items())]
    decided = sum(row.decision is not None for row in rows)
    counts = f"{len(rows):,} pending: {', '.join(parts)}; {decided:,} decided"
    return [*table([head, *body], right={0, 4, 5}), "", counts]


def record_lines(entry: RecordWithImages) -> list[str]:
    """Return one record in full."""
    record = entry.record
    first = ("model", record.sha256) if isinstance(record, Model) else ("pending", str(record.id))
    facts = [
        first,
        *(("also" if not n else "", alias) for n, alias in enumerate(entry.known.aliases)),
        ("name", sanitize(record.name, _LONG)),
        ("type", sanitize(record.type, _LONG)),
        ("size", f"{format_size(record.size_bytes)} ({record.size_bytes:,} bytes)"),
        ("created", _time(record.created_at)),
        ("path", sanitize(record.path, _LONG)),
        ("tags", sanitize(", ".join(sorted(record.tags)), _LONG) or "-"),
        ("images", str(len(entry.images))),
        *_image_facts(entry),
    ]
    leaves = [(sanitize(key), line) for key, value in _leaves("", record.meta_json) for key, line in _lines(key, value)]
    return [*table(facts), *(["", *table(leaves)] if leaves else [])]


def _image_facts(entry: RecordWithImages) -> Iterator[tuple[str, str]]:
    """Yield the names of the images, each with what it was made with, where its file says so."""
    made = {one.image: one.generation for one in entry.generations}
    for image in entry.images:
        yield "", sanitize(image)
        if generation := made.get(image):
            yield "", f"  {sanitize(settings_words(generation), _LONG)}"
            prompts = ("+", generation.prompt), ("-", generation.negative)
            yield from (("", f"  {sign} {sanitize(words, _LONG)}") for sign, words in prompts if words)


def source_lines(known: Knowledge) -> list[str]:
    """Return who says what about a record, what its tensors show, and where else its file lies; usually nothing."""
    lines: list[str] = []
    others = known.locations[1:]
    if others:
        lines += ["", *table([("also at" if not n else "", sanitize(path, _LONG)) for n, path in enumerate(others)])]
    if known.structure is not None:
        shown = known.structure
        found = " ".join(filter(None, (shown.base_model, shown.kind)))
        lines += ["", f"by its tensors: {sanitize(found)} ({sanitize(shown.reason, 200)})"]
    if known.sources:
        rows = [
            (
                sanitize(field),
                one.statement.source,
                sanitize(_short(one.statement.value), 60),
                _beside(one.file, known),
            )
            for field, found in known.sources.items()
            for one in found
        ]
        lines += ["", *table([("field", "source", "value", "file"), *rows])]
    if known.claims:
        lines += ["", *table([("claim", "source", "value", ""), *map(_claim_row, known.claims)])]
    if known.verdict is not None:
        lines += ["", f"verdict: {known.verdict.replace('_', ' ')} ({VERDICT_WORDS[known.verdict]})"]
    return lines


def _claim_row(one: CheckedClaim) -> tuple[str, str, str, str]:
    holds = {True: "holds", False: "does not hold", None: "not compared yet"}[one.holds]
    return one.stated.claim.kind, one.stated.source, sanitize(one.stated.claim.value, 80), holds


def _beside(file: str, known: Knowledge) -> str:
    """Return the name of a file that lies beside the model, the whole path of any other."""
    folder, name = os.path.split(file)
    return sanitize(name if any(os.path.dirname(path) == folder for path in known.locations) else file, _LONG)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _time(milliseconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, OSError, ValueError):  # outside the range of datetime
        return f"{milliseconds} ms"


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping) or not value:
        if key:
            yield key, value
        return
    for name, inner in value.items():
        yield from _leaves(f"{key}.{name}" if key else str(name), inner)


def _lines(key: str, value: Any) -> Iterator[tuple[str, str]]:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    for number, line in enumerate(text.split("\n")):
        yield "" if number else key, sanitize(line, _LONG)


def import_lines(report: ImportReport) -> list[str]:
    """Return the lines that report an import."""
    counts = [
        ("models", f"{report.models:,}", "added to the library"),
        ("pending", f"{report.pending:,}", "added to the queue"),
        ("tags", f"{report.tags:,}", "added"),
        ("images", f"{report.images:,}", "added"),
        ("skipped", f"{report.skipped:,}", "rows imported earlier"),
        ("problems", f"{len(report.problems):,}", ""),
    ]
    problems = [
        ("  row", "-" if one.row is None else str(one.row), sanitize(one.field, 40), sanitize(one.reason, 400))
        for one in report.problems
    ]
    found = [*table(counts, right={1}), *(table(problems, right={1}) if problems else [])]
    return found + not_found_lines(report)


def not_found_lines(report: ImportReport) -> list[str]:
    """Return which model files were not found, and what to do; usually nothing."""
    lines = [
        f"not found: {count_of(one.files, 'model file')} under {sanitize(one.beginning, 400)}"
        for one in report.not_found
    ]
    hint = "model-curator relink --map OLD=NEW maps these folders to those of this machine"
    return [*lines, hint] if lines else []


def scan_lines(report: ScanReport, *, dry_run: bool = False) -> list[str]:
    """Return the lines that report a scan."""
    counts = [
        ("models", f"{report.files:,}", "found"),
        ("new", f"{report.new:,}", "would be added to the queue" if dry_run else "added to the queue"),
        ("updated", f"{report.updated:,}", "what is said about them has changed"),
        ("moved", f"{len(report.moved):,}", "found at another path"),
        ("known", f"{report.known:,}", "nothing new"),
        ("missing", f"{report.missing:,}", "no longer where they were"),
        ("images", f"{report.images:,}", "would be added" if dry_run else "added"),
        ("problems", f"{len(report.problems):,}", ""),
    ]
    offline = [("  offline", sanitize(path, 400), "nothing under it was touched") for path in report.offline]
    problems = [("  " + sanitize(one.path, 400), sanitize(one.reason, 400)) for one in report.problems]
    return [
        *table(counts, right={1}),
        *(table(offline) if offline else []),
        *(f"{path}: {reason}" for path, reason in problems),
    ]


def relink_lines(report: RelinkReport) -> list[str]:
    """Return the lines that report which missing files were found."""

    def key(pending_id: int | None, sha256: str | None) -> str:
        return str(pending_id) if sha256 is None else sha256[:8]

    rows = [
        ("relinked", key(one.pending_id, one.sha256), f"{sanitize(one.old, _LONG)} → {sanitize(one.new, _LONG)}")
        for one in report.relinked
    ]
    rows += [("missing", key(one.pending_id, one.sha256), sanitize(one.path, _LONG)) for one in report.still_missing]
    counts = f"{len(report.relinked):,} relinked, {len(report.still_missing):,} still missing"
    return [*(table(rows) if rows else []), counts]


def verify_lines(report: VerifyReport) -> list[str]:
    """Return one line per check, then the findings, then the verdict."""
    checks = [("ok" if check.ok else "FAILED", check.name, sanitize(check.detail)) for check in report.checks]
    findings = [
        (
            one.severity,
            one.code,
            sanitize(" ".join(part for part in (one.key, one.path) if part)),
            sanitize(one.detail, 400),
        )
        for one in report.findings
    ]
    errors = sum(one.severity == "error" for one in report.findings)
    numbers = f"{count_of(errors, 'error')}, {count_of(len(findings) - errors, 'warning')}"
    verdict = f"The library is in order: {numbers}." if report.ok else f"The library has problems: {numbers}."
    return [*table(checks), *(["", *table(findings)] if findings else []), "", verdict]
