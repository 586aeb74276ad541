"""Options, exit codes and output shared by all commands."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.text import sanitize
from tui.cli.completers import files, folders
from tui.config.log_file import LOGGER, start_log
from tui.config.settings import Settings, read_settings, settings_path

if TYPE_CHECKING:
    from core.library import Library
    from core.locks.waiting import LockHolder
    from core.operations.trash import TrashLimits

_LIBRARY, _JSON, _LOG = "tui.library", "tui.json", "tui.config.log_file"
TRASH_DAYS, TRASH_GIB = "MODEL_CURATOR_TRASH_DAYS", "MODEL_CURATOR_TRASH_GIB"
_GIB = 1024**3
FAILED, USAGE, CONFLICT, NOT_FOUND, LOCKED, INTERRUPTED = 1, 2, 3, 4, 5, 130
_WORST_FIRST = (FAILED, LOCKED, NOT_FOUND, CONFLICT)


class Failed(click.ClickException):
    """Ends a command with one sentence and an exit code; ``answer`` holds the other keys of the JSON output."""

    def __init__(self, sentence: str, code: int = FAILED, answer: Mapping[str, Any] | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.answer = answer or {}


@dataclass(frozen=True, slots=True)
class CliContext:
    """How a command was called: the library folder, the output format, the settings and the log file."""

    given: str | None
    as_json: bool
    settings: Settings
    log_file: str | None = None

    @classmethod
    def of(cls, context: click.Context, settings: Settings | None = None) -> CliContext:
        """Combine the options given before and after the command's name."""
        read = settings or read_settings(settings_path())
        return cls(context.meta.get(_LIBRARY), context.meta.get(_JSON, False), read, context.meta.get(_LOG))

    @property
    def folder(self) -> str:
        """The library folder: as given, or from the environment, the settings or the platform's user data folder."""
        if folder := self.given or os.environ.get("MODEL_CURATOR_LIBRARY") or self.settings.library:
            return folder
        import platformdirs

        return platformdirs.user_data_dir("model-curator", appauthor=False)

    def reading(self) -> Library:
        """Open the library read-only; works while the app is open."""
        from core.library import Library

        return Library.open(self.folder, readonly=True, on_wait=_tell_waiting)

    def writing(self) -> Library:
        """Open or create the library; report on standard error what opening finished or could not clean up."""
        from core.library import Library

        library = Library.open(
            self.folder,
            trash=_trash_limits(self.settings),
            on_wait=_tell_waiting,
            hash_threads=self.settings.hash_threads,
        )
        for told in opening_words(library):
            click.echo(told, err=True)
        return library

    def changing(self) -> Library:
        """Open an existing library for writing. Raises NoLibrary, so a mistyped folder does not become a library."""
        from core.backup.restore_steps import is_library
        from core.errors import NoLibrary

        if not is_library(Path(self.folder)):
            raise NoLibrary(f"there is no library in {os.path.abspath(self.folder)}; importing into it creates one")
        return self.writing()

    def tell_settings(self) -> None:
        """Print warnings about the settings to standard error; usually there are none."""
        for warning in self.settings.warnings:
            click.echo(sanitize(warning, 4000), err=True)

    def answer(self, answer: Mapping[str, Any], lines: Callable[[], list[str]]) -> None:
        """Print the answer as one JSON object, or as lines, which must already be sanitized."""
        click.echo(json.dumps(answer) if self.as_json else "\n".join(lines()))


def _tell_waiting(holder: LockHolder | None) -> None:
    from core.locks.waiting import describe

    click.echo(f"waiting: {describe(holder)} has locked the library", err=True)


def opening_words(library: Library) -> list[str]:
    """Return messages about opening the library; usually none."""
    finished = ["an interrupted operation was finished: its files are in place"] if library.recovered else []
    return finished + ([sanitize(library.warning, 400)] if library.warning else [])


def trash_amounts(settings: Settings) -> tuple[float, float]:
    """Return the trash limits in days and GiB; the environment takes precedence over the settings."""
    return _number(TRASH_DAYS, settings.trash_days), _number(TRASH_GIB, settings.trash_gib)


def _trash_limits(settings: Settings) -> TrashLimits:
    from core.operations.trash import TrashLimits

    days, gib = trash_amounts(settings)
    return TrashLimits(days, int(gib * _GIB))


def _number(name: str, usual: float) -> float:
    text = os.environ.get(name)
    if not text:
        return usual
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise Failed(f"{name} must be a number, 0 or more, not {sanitize(text, 40)}", USAGE)
    return value


def sentence(error: OSError) -> str:
    """Return an error of the operating system as one sentence."""
    return f"{error.filename or 'standard output'}: {error.strerror or error}"


def worst(codes: list[int]) -> int:
    """Return the worst of several exit codes."""
    return next((code for code in _WORST_FIRST if code in codes), 0)


def _keep(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value == "":
            raise click.BadParameter("give a folder", context, parameter)
        if value:
            context.meta[key] = value

    return keep


def _log_to(context: click.Context, _: click.Parameter, path: str | None) -> None:
    if path is not None and not context.resilient_parsing:  # resilient parsing only completes words
        try:
            start_log(path)
        except (OSError, ValueError) as error:
            reason = (error.strerror or error) if isinstance(error, OSError) else error
            raise Failed(f"--log-file: {sanitize(path, 4000)}: {reason}", USAGE) from error
        context.meta[_LOG] = path
        LOGGER.info("%s", context.command_path)


_Function = Callable[..., Any]


def common(function: _Function) -> _Function:
    """Add the options allowed before or after the command's name; if given twice, the later one wins."""
    library = click.option(
        "--library",
        metavar="DIR",
        expose_value=False,
        callback=_keep(_LIBRARY),
        shell_complete=folders,
        help="Library folder (default: MODEL_CURATOR_LIBRARY, then the settings, then your user data folder).",
    )
    as_json = click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=_keep(_JSON),
        help="Print the result as one JSON object.",
    )
    log_file = click.option(
        "--log-file",
        metavar="PATH",
        expose_value=False,
        callback=_log_to,
        shell_complete=files,
        help="Log all activity and errors to this file.",
    )
    return library(as_json(log_file(function)))


def command(name: str) -> Callable[[_Function], click.Command]:
    """Make a command of a function that takes the call and its own parameters and returns the exit code."""

    def decorate(function: _Function) -> click.Command:
        @functools.wraps(function)
        def run(**parameters: Any) -> Any:
            call = CliContext.of(click.get_current_context())
            call.tell_settings()
            return function(call, **parameters)

        return click.command(name)(common(run))

    return decorate
