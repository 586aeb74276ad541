"""A real headless browser, controlled over its DevTools protocol."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

CHROMIUM = shutil.which("chromium")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--window-size=1200,800")


class Page:
    """One page: the URLs it requested, the output sent to its terminal, and key presses."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._calls = 0
        self.asked: list[str] = []
        self._sent = b""

    @property
    def terminal(self) -> str:
        """The text sent to its terminal so far, without escape sequences."""
        return _ESCAPES.sub("", self._sent.decode(errors="replace"))

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol; record the events that arrive meanwhile."""
        self._calls += 1
        await self._socket.send_json({"id": self._calls, "method": method, "params": parameters})
        while True:
            told = json.loads(await self._socket.receive_str(timeout=60))
            if told.get("id") == self._calls:
                assert "error" not in told, told
                result: dict[str, Any] = told["result"]
                return result
            self._note(told)

    def _note(self, told: dict[str, Any]) -> None:
        if told["method"] == "Network.requestWillBeSent":
            self.asked.append(told["params"]["request"]["url"])
        elif told["method"] == "Network.webSocketFrameReceived" and told["params"]["response"]["opcode"] == 2:
            self._sent += base64.b64decode(told["params"]["response"]["payloadData"])

    async def go_to(self, url: str) -> None:
        await self.call("Network.enable")
        await self.call("Page.enable")
        await self.call("Page.navigate", url=url)

    async def evaluate(self, script: str) -> Any:
        return (await self.call("Runtime.evaluate", expression=script))["result"].get("value")

    async def press(self, key: str) -> None:
        """Press a letter key."""
        code = {"key": key, "code": f"Key{key.upper()}", "windowsVirtualKeyCode": ord(key.upper())}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=key, **code)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    async def screenshot(self) -> bytes:
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


@contextmanager
def _chromium(folder: Path) -> Iterator[str]:
    """Run the browser and yield the address of its DevTools endpoint."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *_FLAGS, f"--user-data-dir={folder}", "about:blank"]
    errors = folder.with_suffix(".log")
    with errors.open("wb") as log, subprocess.Popen(command, stderr=log, stdout=subprocess.DEVNULL) as process:
        try:
            found = None
            while found is None:
                assert process.poll() is None, errors.read_text()
                found = re.search(r"DevTools listening on ws://([^/\s]+)/", errors.read_text())
            yield f"http://{found[1]}"
        finally:
            process.terminate()


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Page]:
    """Run a browser with an empty page; its profile is stored in ``folder``."""
    with _chromium(folder) as address:
        async with ClientSession() as session:
            async with session.get(f"{address}/json") as answer:
                [target] = [one for one in await answer.json() if one["type"] == "page"]
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Page(socket)
