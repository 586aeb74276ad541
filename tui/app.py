"""The terminal app: its theme, its first screen, and the keys that work everywhere."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.text import Text
from textual import on
from textual.app import App, SystemCommand
from textual.keys import format_key
from textual.screen import Screen
from textual.widget import Widget

from tui.config.settings import Settings
from tui.jobs.picture_cache import PictureCache
from tui.keys import KEYS
from tui.messages import SensitiveTurned, TerminalLost
from tui.screens.queue.screen import QueueScreen
from tui.screens.queue.session_controller import Start
from tui.terminal.graphics import Graphics
from tui.terminal.leaving import Shutdown
from tui.textual_compat import favour_drawing, freeze_objects, repaint_quickly, written
from tui.theme.depth import ColourDepth
from tui.theme.themes import palette_of, themes
from tui.widgets.images.graphics_box import driver
from tui.widgets.images.half_cells import half_cells

if TYPE_CHECKING:
    from core.domain.records import Thumbnail
    from core.library import Library


_HANGUP = 128 + signal.SIGHUP  # the exit code when the terminal is gone
_WIDTHS = [(0, "-narrow"), (100, "-wide"), (170, "-vast")]
_HEIGHTS = [(0, "-low"), (32, "-high"), (50, "-tall")]


class CuratorApp(App[None]):
    """The app on one library, which the caller closes.

    With ``resume`` it restores the last session, with ``first_start`` it begins by asking for models.
    """

    TITLE = "Model Curator"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    BINDINGS = KEYS["app"]

    def __init__(
        self,
        library: Library,
        *,
        graphics: Graphics = Graphics.HALF,
        depth: ColourDepth = ColourDepth.TRUE,
        settings: Settings | None = None,
        resume: bool = False,
        first_start: bool = False,
    ) -> None:
        repaint_quickly()
        super().__init__(driver_class=driver(graphics))
        self.library = library
        self.graphics = graphics
        self._start = Start.FIRST if first_start else Start.RESUMED if resume else Start.PLAIN
        self._leaving = Shutdown(lambda: written(self))
        self.settings = settings or Settings()
        self.warnings = [*self.settings.warnings]
        self.keys: Mapping[str, str] = {}
        if self.settings.keys:
            self._set_keys()
        self.pictures = PictureCache(
            library.pictures,
            self.settings.sensitive_tags,
            key=format_key(self.keys.get("app.sensitive", "z").split(",")[0]),
            ready=self._make_ready if graphics is Graphics.HALF else None,
        )
        self._take_themes(depth)

    def _take_themes(self, depth: ColourDepth) -> None:
        """Register the app's themes for a colour depth, and unregister all others."""
        ours = themes(depth)
        for theme in ours:
            self.register_theme(theme)
        for name in self.available_themes.keys() - {theme.name for theme in ours}:
            self.unregister_theme(name)
        self.theme = self.settings.theme if self.settings.theme in self.available_themes else ours[0].name
        self.set_class(depth is not ColourDepth.TRUE, "-few-colours")
        self.set_class(depth is ColourDepth.ANSI_16, "-sixteen-colours")

    def _make_ready(self, picture: Thumbnail) -> None:
        half_cells(picture, palette_of(self))

    def watch_theme(self) -> None:
        """Redraw everything in the colours of the new theme, even what Textual considers unchanged."""
        self.call_next(self._draw_all)

    def _draw_all(self) -> None:
        for screen in self.screen_stack:
            for widget in screen.walk_children(Widget, with_self=True):
                widget.refresh()
            screen.refresh(layout=True)

    def _set_keys(self) -> None:
        """Apply the keys that the settings change."""
        from tui.config.keymap import checked_keys  # noqa: PLC0415 - start-up

        self.keys, problems = checked_keys(self.settings.keys, self.settings.path)
        self.warnings += problems
        self.set_keymap(self.keys)

    def on_mount(self) -> None:
        """Quit cleanly and restore the terminal on a termination signal or when the terminal goes away."""
        favour_drawing()
        if not self.is_headless:
            tell = asyncio.get_running_loop().call_soon_threadsafe
            self._leaving.listen(lambda code: tell(self.call_later, self._leave, code))
            self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    def on_ready(self) -> None:
        """Freeze objects made during start-up so that full garbage collections skip them."""
        if not self.is_headless:
            freeze_objects()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return palette_of(self).colours()

    def get_default_screen(self) -> Screen[None]:
        return QueueScreen(
            self.library, self.pictures, self.warnings, hash_ahead=self.settings.hash_ahead, start=self._start
        )

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        if len(self.available_themes) > 1:
            yield SystemCommand("change theme", "Other colours, until you quit", self.action_change_theme)
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
        from tui.screens.help import HelpScreen  # noqa: PLC0415 - start-up

        self.push_screen(HelpScreen())

    def action_sensitive(self) -> None:
        """Show or hide sensitive samples on every screen, for this session."""
        turned = self.pictures.toggle_sensitive()
        for screen in self.screen_stack:
            screen.post_message(SensitiveTurned(turned))

    async def action_quit(self) -> None:
        """Quit once every decision is stored and the current model is done; wait for nothing else."""
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
