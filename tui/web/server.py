"""The app in a browser, through textual-serve: each open page runs the app in its own process.

Only our own page may talk to the app, since any page in a browser can reach the loopback address. Nothing is fetched
from other hosts, although the page that comes with textual-serve would load its font from the internet.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from aiohttp import web
from textual_serve.server import Server

_USUAL_PORT = 80
_ROOT = str(Path(__file__).parent.parent)
_RUN = """
import os, sys
os.environ["TEXTUAL_DRIVER"] = "tui.web.driver:PageDriver"
sys.path.insert(0, sys.argv.pop(1))
from tui.cli import main
main()
"""
_FOREIGN_FONT = re.compile(r"<link[^>]*fonts\.googleapis\.com[^>]*>")
_FONT = """<style>@font-face {{
  font-family: "Roboto Mono"; font-weight: 100 700; src: url("{url}/static/fonts/RobotoMono-VariableFont_wght.ttf");
}}</style>"""
_POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' {socket}"


class CuratorServer(Server):
    """Serves the app, started with the given arguments, on one address."""

    def __init__(self, arguments: Sequence[str], host: str, port: int) -> None:
        name = f"[{host}]" if ":" in host else host
        self._address = name if port == _USUAL_PORT else f"{name}:{port}"  # as a browser writes it
        # Not ``-m tui``: that would run a folder of this name in the current directory.
        command = "exec " + shlex.join([sys.executable, "-P", "-c", _RUN, _ROOT, *arguments])
        super().__init__(command, host, port, title="Model Curator", public_url=f"http://{self._address}")
        self._pages: set[asyncio.Task[Any]] = set()

    def initialize_logging(self) -> None:
        """Leave logging unchanged."""

    async def on_startup(self, app: web.Application) -> None:  # noqa: ARG002
        """Print the address."""
        click.echo(f"Model Curator is at {self.public_url} for browsers on this machine; Ctrl-C ends it.")

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002
        """Quit the app of every page cleanly; aiohttp would wait a minute for the pages to be closed."""
        for page in self._pages:
            page.cancel()
        await asyncio.gather(*self._pages, return_exceptions=True)

    async def handle_index(self, request: web.Request) -> web.Response:
        """Return the page; redirect from another name of this machine to the public one."""
        if request.host != self._address:
            raise web.HTTPFound(self.public_url)
        page: Any = await super().handle_index(request)
        assert isinstance(page, web.Response) and page.text is not None
        page.text = _FOREIGN_FONT.sub(_FONT.format(url=self.public_url), page.text)
        page.headers["Content-Security-Policy"] = _POLICY.format(socket=f"ws://{self._address}")
        return page

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run the app for our own page only."""
        if request.host != self._address or request.headers.get("Origin") != self.public_url:
            raise web.HTTPForbidden(text=f"open {self.public_url} itself")
        page = asyncio.current_task()
        assert page is not None
        self._pages.add(page)
        try:
            return await super().handle_websocket(request)
        finally:
            self._pages.discard(page)
