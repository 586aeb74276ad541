"""The command line. It imports the rest of the program only when needed."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

from core.errors import Cancelled, CuratorError
from core.text import sanitize
from tui.cli.app import graphics_option, open_app
from tui.cli.backup import backup, restore
from tui.cli.completion import completion
from tui.cli.config import config
from tui.cli.context import FAILED, INTERRUPTED, CliContext, Failed, common, sentence
from tui.cli.demo import demo
from tui.cli.history import history, undo
from tui.cli.import_legacy import import_legacy
from tui.cli.promote import promote
from tui.cli.query import images, pending, show
from tui.cli.relink import relink
from tui.cli.scan import scan
from tui.cli.serve import serve
from tui.cli.verify import verify
from tui.config.log_file import LOGGER, stop_log
from tui.config.settings import Settings

_SENTENCE = 5000  # characters; a path of 4096 bytes is shown whole


class _CommandLine(click.Group):
    """A group of commands that reports every failure in one plain line and exits with its code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = "model-curator",
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line and exit; outside standalone mode, return the exit code instead."""
        arguments = sys.argv[1:] if args is None else list(args)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # characters missing from a terminal's encoding must not fail
                stream.reconfigure(errors="backslashreplace")
        try:
            code = super().main(arguments, prog_name, complete_var, standalone_mode=False, **extra) or 0
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:  # the reader has closed the pipe
            code = FAILED
        except Exception as error:
            failure = _failure(error)
            LOGGER.error("%s", failure.format_message(), exc_info=None if failure is error else error)
            code = _tell(failure, arguments)
        finally:
            stop_log()
        _end_output()
        if standalone_mode:
            sys.exit(code)
        return code

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click alone would print a blank line at Ctrl-C and hide a broken pipe."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Failed("interrupted", INTERRUPTED) from None
        except BrokenPipeError:
            raise click.exceptions.Exit(FAILED) from None


def _failure(error: Exception) -> click.ClickException:
    """Return a failure as one sentence with its exit code."""
    if isinstance(error, click.ClickException):
        return error
    if isinstance(error, (click.Abort, Cancelled)):
        return Failed("interrupted", INTERRUPTED)
    if isinstance(error, CuratorError):
        return Failed(str(error))
    if isinstance(error, OSError):
        return Failed(sentence(error))
    return Failed(f"a bug: {type(error).__name__}: {error} ({_where(error)}); please report it")


def _tell(error: click.ClickException, arguments: list[str]) -> int:
    """Report a failure on standard error, with ``--json`` also on standard output; return the exit code."""
    told = error.format_message()
    with suppress(OSError):  # without a reader, only the exit code is left
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
            click.echo(f"Try '{error.ctx.command_path} --help'.", err=True)
        click.echo(sanitize(told, _SENTENCE), err=True)
        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        if "--json" in options:
            answer = error.answer if isinstance(error, Failed) else {}
            click.echo(json.dumps({**answer, "error": told}))
    return error.code if isinstance(error, Failed) else error.exit_code


def _end_output() -> None:
    """Discard output that cannot be written, so that the interpreter does not complain at exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{os.path.basename(frame.filename)}, line {frame.lineno}"


@click.group("model-curator", cls=_CommandLine, invoke_without_command=True)
@common
@click.option("--verify", "verifying", is_flag=True, help="Check the library and the program; changes nothing.")
@click.option("--full", "full", is_flag=True, help="With --verify: read every hashed model file again.")
@click.option("--version", "version", is_flag=True, help="Print the version.")
@graphics_option
@click.pass_context
def main(context: click.Context, verifying: bool, full: bool, version: bool, graphics: str | None) -> int | None:
    """Review, merge and clean up Stable Diffusion model collections.

    Without a command, open the app.

    Exit codes: 0 done, 1 something failed, 2 wrong usage (or no library to verify), 3 a conflict is left to decide,
    4 not found, 5 locked.
    Ctrl-C gives 130; any other signal that ends the program gives 128 plus its number.
    """
    if full and not verifying:
        raise click.UsageError("--full goes with --verify", context)
    if context.invoked_subcommand is not None:
        if verifying or version:
            raise click.UsageError("--verify and --version stand alone, without a command", context)
        return None
    if version:
        CliContext.of(context, Settings()).answer({"version": _version()}, lambda: [f"model-curator {_version()}"])
        return 0
    call = CliContext.of(context)
    if verifying:
        call.tell_settings()
        return verify(call, full)
    return open_app(call, graphics)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("model-curator")
    except PackageNotFoundError:  # run from the source folder without being installed
        return "(not installed)"


for _command in (
    demo,
    import_legacy,
    scan,
    relink,
    pending,
    show,
    promote,
    images,
    undo,
    history,
    backup,
    restore,
    config,
    completion,
    serve,
):
    main.add_command(_command)
