"""Keys changed in the settings: what they do, where they are shown, and what is not possible."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Static

from core.domain.enums import Strategy
from tests.support.app import AppHarness, running, sample
from tui.config.keymap import checked_keys
from tui.config.settings import Settings

SWAPPED = {"decide.merge": "o", "decide.override": "m"}


def test_keys_that_can_be_set() -> None:
    wanted = {"decide.merge": "M", "look.filter": "b, ctrl+f", "app.help": "?", "look.view": "f9"}
    assert checked_keys(wanted) == (
        {"decide.merge": "M", "look.filter": "b,ctrl+f", "app.help": "question_mark", "look.view": "f9"},
        [],
    )
    assert checked_keys(SWAPPED) == (SWAPPED, [])
    assert checked_keys({"compare.merge": "a"}) == ({"compare.merge": "a"}, []), "a is another screen's"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"decide.everything": "M"}, "keys.decide.everything is not a key of the app"),
        ({"decide.merge": ""}, "keys.decide.merge must be a key"),
        ({"decide.merge": "M,"}, "'' is none"),
        ({"decide.merge": "hyperspace"}, "'hyperspace' is none"),
        ({"decide.merge": "ctrl+hyperspace"}, "'ctrl+hyperspace' is none"),
        ({"decide.merge": "o"}, "keys.decide.merge cannot be o, which is decide.override"),
        ({"decide.merge": "j"}, "keys.decide.merge cannot be j, which is move.down"),
        ({"decide.merge": "q"}, "keys.decide.merge cannot be q, which is app.quit"),
        ({"compare.merge": "j"}, "keys.compare.merge cannot be j, which is fields.down"),
        ({"look.view": "ctrl+p"}, "keys.look.view cannot be ctrl+p, which is the command palette"),
        ({"decide.\u202emerge\n": "M"}, "is not a key of the app"),
    ],
)
def test_keys_that_cannot_be_set_stay_as_they_were(wanted: dict[str, str], said: str) -> None:
    keys, [problem] = checked_keys(wanted, "config.toml")
    assert keys == {}
    assert said in problem and problem.startswith("config.toml: ") and problem.isprintable()


def test_of_two_that_want_one_key_the_first_has_it() -> None:
    keys, [problem] = checked_keys({"decide.merge": "M", "look.view": "M"})
    assert keys == {"decide.merge": "M"}
    assert "keys.look.view cannot be M, which is decide.merge" in problem


def test_one_that_falls_out_takes_along_what_counted_on_it() -> None:
    keys, problems = checked_keys({"decide.merge": "v", "decide.override": "m", "look.view": "q"})
    assert keys == {} and len(problems) == 3


async def test_a_key_set_anew_acts_and_is_shown_everywhere(tmp_path: Path) -> None:
    wanted = {**SWAPPED, "apply.start": "A", "look.image_next": "ctrl+n", "look.log": "ctrl+l"}
    with sample(tmp_path) as library:
        async with running(library, settings=Settings(keys=wanted)) as desk:
            await desk.wait_for_text("o merge  m override  d delete", "#keys")
            await desk.wait_for_text("A apply", "#keys")
            assert "h image" in desk.text("#keys"), "the other key of the pair is not l any more"
            current = desk.list.current
            await desk.press("o")
            await desk.wait_until(lambda: desk.stored() == {current: Strategy.MERGE})
            titles = [command.title for command in desk.app.get_system_commands(desk.app.screen)]
            assert "merge  (o)" in titles and "apply  (A)" in titles
            await desk.press("question_mark")
            await desk.wait_until(lambda: "take every value of the import" in help_text(desk))
            assert line(desk, "Apply all decisions").split()[0] == "A"
            assert line(desk, "keep library values").split()[0] == "o"


async def test_the_filter_comes_first_under_another_key_too(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library, settings=Settings(keys={"look.filter": "b"})) as desk:
            await desk.press("b", *"obmd", "enter")
            await desk.wait_until(lambda: "obmd" in desk.text("#words"))
            assert desk.stored() == {}


async def test_what_is_wrong_with_the_settings_is_said_and_the_app_starts(tmp_path: Path) -> None:
    settings = Settings(
        keys={"decide.merge": "o"}, path="config.toml", warnings=("config.toml: sound is not a setting",)
    )
    with sample(tmp_path) as library:
        async with running(library, settings=settings) as desk:
            await desk.wait_for_text("(1 more) config.toml: sound is not a setting", "#status")
            await desk.press("m")
            await desk.wait_until(lambda: list(desk.stored().values()) == [Strategy.MERGE])


def help_text(desk: AppHarness) -> str:
    return "\n".join(str(one.content) for one in desk.app.screen.query("#help Static").results(Static))


def line(desk: AppHarness, words: str) -> str:
    return next(line for line in help_text(desk).split("\n") if words in line)
