"""Send keys to an app that runs without a terminal."""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.keys import key_to_character
from textual.pilot import Pilot

_HANDLED = 3  # rounds of all message queues after which a key has travelled from driver to action


async def press(pilot: Pilot[None], key: str) -> None:
    """Send one key, by its name or as a character, through the driver, and let the app handle it."""
    [binding] = Binding.make_bindings([Binding("space" if key == " " else key, "")])
    driver = pilot.app._driver
    assert driver is not None
    driver.send_message(events.Key(binding.key, key if len(key) == 1 else key_to_character(key)))
    for _ in range(_HANDLED):
        await pilot.pause(0)
