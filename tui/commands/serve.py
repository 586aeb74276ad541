"""``serve``: the app in a browser on this machine."""

from __future__ import annotations

import ipaddress
import os

import click

from tui.commands.call import FAILED, USAGE, Call, Failed, command
from tui.commands.opening import pictures


def _loopback(context: click.Context, parameter: click.Parameter, host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise click.BadParameter(
        "only a loopback address, such as 127.0.0.1: there is no password, and whoever opens the page can change the "
        "library; from another machine, use ssh -L",
        context,
        parameter,
    )


@command("serve")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, callback=_loopback, help="Where.")
@click.option("--port", metavar="N", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Where.")
@pictures
def serve(call: Call, host: str, port: int, graphics: str | None) -> int:
    """Open the app in a browser on this machine.

    There is no password: on a machine with other users, they can open the page too.
    """
    if call.as_json:
        raise Failed("serve prints no JSON: give --json together with --verify, demo or another command", USAGE)
    try:
        from tui.serving import CuratorServer
    except ImportError as error:
        raise Failed("serve needs textual-serve: pip install 'model-curator[serve]'", FAILED) from error
    call.writing().close()  # what is wrong with the library is better told here than in a page
    arguments = ["--library", os.path.abspath(call.folder)]
    arguments += ["--images", graphics] if graphics else []
    arguments += ["--log-file", os.path.abspath(call.log_file)] if call.log_file else []
    try:
        CuratorServer(arguments, host, port).serve()
    except OSError as error:
        reason = error.strerror or error
        raise Failed(f"cannot serve on {host}, port {port} ({reason}); choose another --port", FAILED) from error
    return 0
