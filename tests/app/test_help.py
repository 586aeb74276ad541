"""The help: every key, the filter's grammar, and the rules of suggestions."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Static

from core.domain.query import SYNTAX_HELP
from core.planning.sources import TOOLS
from core.planning.suggestions import RULES
from tests.support.app import running, sample
from tui.presenters.plan_lines import SIGN
from tui.screens.help import SIGNS


@pytest.mark.parametrize("size", [(80, 24), (140, 42)])
async def test_it_tells_the_grammar_and_the_rules(tmp_path: Path, size: tuple[int, int]) -> None:
    with sample(tmp_path) as library:
        async with running(library, size) as desk:
            await desk.press("question_mark")
            await desk.wait_for_text("Keys")
            told = [str(static.render()) for static in desk.app.screen.query(Static)]
            for written, does in SYNTAX_HELP:
                assert told[told.index(written) + 1] == does
            for rule in RULES:
                sign = "✓" if rule.safe else " "
                assert told[told.index(rule.help) - 1] == f"{sign} {rule.strategy or 'review'}"
            for sign, _, says in SIGNS:
                assert told[told.index(says) - 1] == sign
            await desk.press("end")
            await desk.wait_for_text(SIGNS[-1][-1])
            assert {sign for sign, *_ in SIGNS} >= set(SIGN.values()) - {" "}
            widths = [len(line) for line in desk.screen().split("\n")]
            assert max(widths) <= size[0]
            await desk.press("question_mark")
            await desk.wait_until(lambda: desk.app.focused is desk.list)


async def test_the_order_of_sources_is_in_the_help(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library, (200, 50)) as desk:
            await desk.press("question_mark")
            await desk.wait_for_text("Keys")
            await desk.press("end")
            await desk.wait_for_text("Which source counts")
            told = [str(static.render()) for static in desk.app.screen.query(Static)]
            assert any(", ".join(TOOLS) in words for words in told)
