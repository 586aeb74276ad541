"""Check the wording of user-visible text: ``python -m tests.support.prose``, part of ``make lint``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import click

from tests.support.paths import ROOT
from tui.cli import main
from tui.keys import documented

BANNED = (
    "what is",
    "what has",
    "those that",
    "whoever",
    "is told",
    "are told",
    "by hand",
    "in hand",
    "at once",
    "comes in",
    "come in",
    "came in",
    "of its own making",
)
"""Phrases for which plain English has a shorter or more usual form; extend the list as needed. Code is not checked."""

PAGES = ("README.md", "CHANGELOG.md", "docs/*.md")


def texts() -> Iterator[tuple[str, str]]:
    """Yield every user-visible text with its location."""
    for pattern in PAGES:
        for page in sorted(ROOT.glob(pattern)):
            yield str(page.relative_to(ROOT)), page.read_text(encoding="utf-8")
    for binding in documented():
        yield f"key {binding.id}", f"{binding.description}\n{binding.tooltip}"
    yield from help_texts(main, "model-curator")


def help_texts(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """Yield the help of a command, of its options, and of the commands below it."""
    yield f"{name} --help", command.help or ""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield f"{name} {parameter.opts[0]}", parameter.help or ""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from help_texts(each, f"{name} {each.name}")


def problems(place: str, text: str) -> Iterator[str]:
    """Yield one line for each banned phrase in a text, including phrases broken over two lines."""
    for phrase in BANNED:
        words = r"\s+".join(phrase.split())
        for found in re.finditer(rf"\b{words}\b", text, re.IGNORECASE):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{place}:{line}: “{phrase}”; say it plainly (see CONTRIBUTING.md)"


if __name__ == "__main__":
    wrong = [problem for place, text in texts() for problem in problems(place, text)]
    print("\n".join(wrong) or "The wording is fine.")
    sys.exit(bool(wrong))
