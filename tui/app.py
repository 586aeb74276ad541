"""The terminal app: its theme, its first screen, and the keys that work everywhere."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

import textual.screen
from rich.text import Text
from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.keys import format_key
from textual.screen import Screen

from tui.graphics import Graphics
from tui.leaving import Leaving
from tui.messages import SensitiveTurned, TerminalLost
from tui.palette import THEME, VARIABLES
from tui.pictures_at_hand import PicturesAtHand
from tui.screens.queue import QueueScreen
from tui.settings import Settings
from tui.sixteen_colours import SixteenColours
from tui.textual_compat import written
from tui.themes import COLOURS, Recolour, themes
from tui.widgets.picture_box import half_cells
from tui.widgets.real_picture import driver

if TYPE_CHECKING:
    from core.library import Library


_TURN = 0.001  # seconds for which another thread may keep the interpreter from the one that draws
_DRAWN_AFTER = 0.001  # seconds after one drawing the next may follow; Textual's sixtieth is felt by whoever holds a key
_HANGUP = 128 + signal.SIGHUP  # the exit code where the terminal is gone
_WIDTHS = [(0, "-narrow"), (100, "-wide"), (170, "-vast")]
_HEIGHTS = [(0, "-low"), (32, "-high"), (50, "-tall")]


class CuratorApp(App[None]):
    """Model Curator on one library, which whoever opened it closes; with ``resume`` it begins where it was left."""

    TITLE = "Model Curator"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "help", id="app.help", key_display="?", tooltip="Every key there is"),
        Binding("q,ctrl+c", "quit", "quit", id="app.quit", key_display="q", tooltip="Leave; decisions are kept"),
        Binding(
            "z", "sensitive", "sensitive", id="app.sensitive", show=False, tooltip="Show or hide sensitive samples"
        ),
        Binding(
            "ctrl+q", "quit", "quit", id="app.quit_now", show=False, priority=True, tooltip="Leave, out of dialogs too"
        ),
    ]

    def __init__(
        self,
        library: Library,
        *,
        graphics: Graphics = Graphics.HALF,
        sixteen_colours: bool = False,
        settings: Settings | None = None,
        resume: bool = False,
    ) -> None:
        textual.screen.UPDATE_PERIOD = _DRAWN_AFTER  # type: ignore[misc]
        super().__init__(driver_class=driver(graphics))
        self.library = library
        self.graphics = graphics
        self._resume = resume
        self._leaving = Leaving(lambda: written(self))
        self.settings = settings or Settings()
        self.warnings = [*self.settings.warnings]
        self.keys: Mapping[str, str] = {}
        if self.settings.keys:
            self._set_keys()
        self.pictures = PicturesAtHand(
            library.pictures,
            self.settings.sensitive_tags,
            key=format_key(self.keys.get("app.sensitive", "z").split(",")[0]),
            ready=half_cells if graphics is Graphics.HALF else None,
        )
        self._take_colours(sixteen_colours)

    def _take_colours(self, sixteen: bool) -> None:
        """Have our themes and no others; a terminal of 16 colours has one, which is fitted to it."""
        ours = themes()
        for theme in ours[:1] if sixteen else ours:
            self.register_theme(theme)
        for name in self.available_themes.keys() - COLOURS.keys():
            self.unregister_theme(name)
        self._filters.insert(0, Recolour(THEME.name))
        if sixteen:
            self._filters.append(SixteenColours())
        self.theme = self.settings.theme if self.settings.theme in self.available_themes else THEME.name
        self._recolour(self.theme)

    def _recolour(self, theme: str) -> None:
        self._filters[0] = Recolour(theme)

    def watch_theme(self, theme: str) -> None:
        """Draw everything in the colours of another theme, also what Textual takes to be unchanged."""
        self._recolour(theme)
        for screen in self.screen_stack:
            screen.refresh(layout=True)

    def _set_keys(self) -> None:
        """Set the keys that the settings give anew."""
        from tui.keymap import checked_keys

        self.keys, problems = checked_keys(self.settings.keys, self.settings.path)
        self.warnings += problems
        self.set_keymap(self.keys)

    def on_mount(self) -> None:
        """Leave in good order, the terminal as it was, when told to end or when the terminal goes away."""
        sys.setswitchinterval(_TURN)
        if not self.is_headless:
            tell = asyncio.get_running_loop().call_soon_threadsafe
            self._leaving.listen(lambda code: tell(self.call_later, self._leave, code))
            self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    def on_ready(self) -> None:
        """Have the garbage collector leave out what is here to stay; a look at all of it would hold up keys."""
        if not self.is_headless:
            gc.freeze()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def get_default_screen(self) -> Screen[None]:
        return QueueScreen(
            self.library, self.pictures, self.warnings, hash_ahead=self.settings.hash_ahead, resume=self._resume
        )

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        if len(self.available_themes) > 1:
            yield SystemCommand("change theme", "Other colours, until the app is left", self.action_change_theme)
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

    def action_sensitive(self) -> None:
        """Show or hide sensitive samples on every screen, for this session."""
        turned = self.pictures.turn()
        for screen in self.screen_stack:
            screen.post_message(SensitiveTurned(turned))

    async def action_quit(self) -> None:
        """Leave once every decision is stored and the current model done; nothing else is waited for."""
        await self._leave()

    @on(TerminalLost)
    async def _terminal_lost(self) -> None:
        await self._leave(_HANGUP)

    async def _leave(self, code: int = 0) -> None:
        if self._leaving.begun:
            return
        self._leaving.begin(code)
        screens = [screen for screen in self.screen_stack if isinstance(screen, QueueScreen)]
        told = await self._leaving.wait_for(asyncio.gather(*(screen.settle() for screen in screens)))
        message = Text("\n".join(filter(None, told))) if any(told) and code != _HANGUP else None
        self.exit(return_code=code, message=message)
