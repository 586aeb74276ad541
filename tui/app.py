"""The terminal app: its theme, its first screen, and the keys that work everywhere."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.graphics import Graphics
from tui.palette import THEME, VARIABLES
from tui.screens.queue import QueueScreen
from tui.sixteen_colours import SixteenColours
from tui.widgets.real_picture import driver

if TYPE_CHECKING:
    from core.library import Library


_WIDTHS = [(0, "-narrow"), (100, "-wide"), (170, "-vast")]
_HEIGHTS = [(0, "-low"), (32, "-high"), (50, "-tall")]


class CuratorApp(App[None]):
    """Model Curator on one library, which whoever opened it closes."""

    TITLE = "Model Curator"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "help", id="app.help", key_display="?", tooltip="Every key there is"),
        Binding("q,ctrl+c", "quit", "quit", id="app.quit", key_display="q", tooltip="Leave; decisions are kept"),
        Binding(
            "ctrl+q", "quit", "quit", id="app.quit_now", show=False, priority=True, tooltip="Leave, out of dialogs too"
        ),
    ]

    def __init__(self, library: Library, *, graphics: Graphics = Graphics.HALF, sixteen_colours: bool = False) -> None:
        super().__init__(driver_class=driver(graphics))
        if sixteen_colours:
            self._filters.append(SixteenColours())
        self.library = library
        self.graphics = graphics
        self.register_theme(THEME)
        self.theme = THEME.name

    def on_mount(self) -> None:
        """Leave in good order, the terminal as it was, when told to end or when the terminal goes away."""
        if not self.is_headless:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, lambda: self.call_later(self.action_quit))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def get_default_screen(self) -> Screen[None]:
        return QueueScreen(self.library)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        seen: set[str] = set()
        for entry in screen.active_bindings.values():
            binding = entry.binding
            name = binding.id or ""
            if not entry.enabled or not binding.tooltip or name in seen:
                continue
            seen.add(name)
            keys = binding.key_display or self.get_key_display(binding)
            yield SystemCommand(
                f"{binding.description}  ({keys})",
                binding.tooltip,
                lambda entry=entry: self.call_later(self.run_action, entry.binding.action, entry.node),
            )

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen())

    async def action_quit(self) -> None:
        """Leave once every decision is stored; nothing else is waited for."""
        for screen in self.screen_stack:
            if isinstance(screen, QueueScreen):
                await screen.settle()
        self.exit()
