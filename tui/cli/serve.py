"""``serve``: the app in a browser on this machine."""

from __future__ import annotations

import ipaddress
import os

import click

from tui.cli.app import graphics_option
from tui.cli.context import FAILED, USAGE, CliContext, Failed, command


def _loopback(context: click.Context, parameter: click.Parameter, host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise click.BadParameter(
        "only a loopback address, such as 127.0.0.1: there is no password, and anyone who opens the page can change "
        "the library; from another machine, use ssh -L",
        context,
        parameter,
    )


@command("serve")
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    callback=_loopback,
    help="Address to listen on.",
)
@click.option(
    "--port", metavar="N", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on."
)
@graphics_option
def serve(call: CliContext, host: str, port: int, graphics: str | None) -> int:
    """Open the app in a browser on this machine.

    There is no password: other users of this machine can open the page too.
    """
    if call.as_json:
        raise Failed("serve prints no JSON: give --json together with --verify, demo or another command", USAGE)
    try:
        from tui.web.server import CuratorServer
    except ImportError as error:
        raise Failed("serve needs textual-serve: pip install 'model-curator[serve]'", FAILED) from error
    call.writing().close()  # problems of the library are better reported here than in a page
    arguments = ["--library", os.path.abspath(call.folder)]
    arguments += ["--graphics", graphics] if graphics else []
    arguments += ["--log-file", os.path.abspath(call.log_file)] if call.log_file else []
    try:
        CuratorServer(arguments, host, port).serve()
    except OSError as error:
        reason = error.strerror or error
        raise Failed(f"cannot serve on {host}, port {port} ({reason}); choose another --port", FAILED) from error
    return 0
