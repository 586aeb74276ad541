"""docs/cli.md matches the command line."""

from __future__ import annotations

import re

import click
import pytest

from core.domain.verdict import Verdict
from core.importing.scan.walk import SUFFIXES
from core.importing.sidecars.formats import FORMATS
from core.planning.sources import PRECEDENCE
from tests.support.paths import ROOT
from tui.cli import context, main

PAGE = (ROOT / "docs" / "cli.md").read_text()
ROWS = re.findall(r"^\| `model-curator ?([^`]*)` \| (.+) \|$", PAGE, re.MULTILINE)


def test_the_table_has_every_command_and_no_other() -> None:
    named = [row.split()[0] for row, _ in ROWS if row and not row.startswith("-")]
    assert sorted(named) == sorted(main.commands)
    assert {row for row, _ in ROWS if not row or row.startswith("-")} == {"", "--verify"}


@pytest.mark.parametrize(("row", "text"), [(row, text) for row, text in ROWS if row and not row.startswith("-")])
def test_arguments_and_options_are_those_of_the_command(row: str, text: str) -> None:
    name, *arguments = row.split()
    parameters = main.commands[name].params
    metavars = [one.metavar for one in parameters if isinstance(one, click.Argument)]
    assert [argument.replace("…", "...") for argument in arguments] == metavars
    own = {one.opts[0] for one in parameters if isinstance(one, click.Option) and not one.hidden} - {
        "--library",
        "--json",
        "--log-file",
    }
    assert set(re.findall(r"--[a-z-]+", text)) == own


def test_every_command_takes_the_common_options() -> None:
    for command in (main, *main.commands.values()):
        assert {"--library", "--json", "--log-file"} <= {option for one in command.params for option in one.opts}
    assert "`--library DIR`" in PAGE and "MODEL_CURATOR_LIBRARY" in PAGE and "`--json`" in PAGE
    assert "`--log-file PATH`" in PAGE


def test_the_exit_codes() -> None:
    [sentence] = re.findall(r"^Exit codes: (.+?)\.$", PAGE, re.MULTILINE | re.DOTALL)
    said = {int(code): words for code, words in re.findall(r"(\d) ([^,(]+)", sentence.replace("\n", " "))}
    assert sorted(said) == [0, context.FAILED, context.USAGE, context.CONFLICT, context.NOT_FOUND, context.LOCKED]
    words = {
        context.FAILED: "failed",
        context.USAGE: "usage",
        context.CONFLICT: "conflict",
        context.NOT_FOUND: "not found",
    }
    assert all(word in said[code] for code, word in {**words, context.LOCKED: "locked", 0: "done"}.items())
    assert re.sub(r"\s+", " ", sentence) in re.sub(r"\s+", " ", main.help or "")


def test_the_page_about_scans_lists_all_sources_in_their_order_and_all_formats() -> None:
    page = (ROOT / "docs" / "scan.md").read_text()
    found = re.findall(r"^\| `([^`]+)` \| (.+) \|$", page, re.MULTILINE)
    rows = [row for row in found if row[0] not in list(Verdict)]
    assert {word for word, _ in found} - {source for source, _ in rows} == set(Verdict)
    assert [source for source, _ in rows] == list(PRECEDENCE)
    files = " ".join(text for _, text in rows)
    assert all(one.ending in files for one in FORMATS)
    assert all(f" {suffix}" in page.replace("`", " ") for suffix in SUFFIXES)
