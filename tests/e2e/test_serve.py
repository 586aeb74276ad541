"""``serve``: the app in a real browser, reachable only from its own page and only on this machine."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from core import Library, Strategy
from core.verify import check_library
from tests.support.app import CONFLICT, PATIENCE, copy_sample
from tests.support.cli import environment, run
from tests.support.paths import ROOT
from tui.theme.themes import themes

pytest.importorskip("textual_serve")
from aiohttp import ClientSession, ClientWebSocketResponse, WSServerHandshakeError

from tests.support.browser import CHROMIUM, Page, browser

SOON = 4.0  # seconds: what is promised, and what a busy machine may add
FIRST = 6  # the first import of the sample's queue


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def served(library: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve a library; gives the address once there is an answer to be had, and the process."""
    port = free_port()
    command = [sys.executable, "-m", "tui", "--library", str(library), "serve", "--port", str(port), *more]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert f"http://127.0.0.1:{port}" in process.stdout.readline()
            deadline = time.monotonic() + PATIENCE
            while not answers(port):
                assert time.monotonic() < deadline
            yield f"http://127.0.0.1:{port}", process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) in (0, -signal.SIGKILL)


async def until(page: Page, condition: Callable[[], bool]) -> None:
    """Let the page go on until the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, page.terminal[-2000:]
        await page.evaluate("1")
        await asyncio.sleep(0.05)


def decisions(library: Path) -> dict[int, Strategy]:
    with Library.open(library, readonly=True) as opened:
        return dict(opened.queue.decisions())


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
async def test_the_page_shows_the_queue_and_a_key_acts(tmp_path: Path) -> None:
    library = copy_sample(tmp_path / "sample")
    with served(library) as (address, process):
        async with browser(tmp_path / "profile") as page:
            await page.go_to(address)
            await until(page, lambda: "ink-wash_v2.safetensors" in page.terminal and "conflict" in page.terminal)
            drawn = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
            seen = {f"#{red:02x}{green:02x}{blue:02x}" for _, (red, green, blue) in drawn.getcolors(1 << 24) or ()}  # type: ignore[misc]
            dark = themes()[0].palette
            assert {dark.ground, dark.cursor} <= seen, "the list, and the cursor in it, are drawn"
            assert decisions(library) == {}
            await page.evaluate("document.querySelector('.xterm-helper-textarea').focus()")
            await page.press("m")
            await until(page, lambda: decisions(library) == {FIRST: Strategy.MERGE})
            assert page.asked and all(url.startswith((address, "data:", "blob:")) for url in page.asked), page.asked
            started = time.monotonic()
            process.send_signal(signal.SIGINT)  # with the page still open
            assert process.wait(PATIENCE) == 0
            assert time.monotonic() - started < 20, "nobody waits for the page to be closed"
    assert decisions(library) == {FIRST: Strategy.MERGE}


async def test_no_other_page_and_no_other_name_gets_at_the_app(tmp_path: Path) -> None:
    with served(tmp_path / "library") as (address, _):
        async with ClientSession() as session:
            for headers in ({}, {"Origin": "https://example.com"}, {"Origin": address, "Host": "example.com"}):
                with pytest.raises(WSServerHandshakeError) as refused:
                    await session.ws_connect(f"{address}/ws", headers=headers)
                assert refused.value.status == 403
            async with session.get(address) as page:
                text = await page.text()
                assert "fonts.googleapis.com" not in text and "RobotoMono" in text
                assert "connect-src 'self' ws://127.0.0.1" in page.headers["Content-Security-Policy"]
            async with session.get(address, headers={"Host": "example.com"}, allow_redirects=False) as led:
                assert (led.status, led.headers["Location"]) == (302, address)


async def opened(session: ClientSession, address: str, library: Path) -> ClientWebSocketResponse:
    """Open the app as our page would, and wait for the queue."""
    page = await session.ws_connect(f"{address}/ws?width=100&height=30", headers={"Origin": address})
    while b"ink-wash" not in (await page.receive(PATIENCE)).data:
        pass
    assert programs(library) == 2, "the server, and the app"
    return page


def programs(library: Path) -> int:
    """How many processes were started for a library."""
    lines = [one.read_bytes() for one in Path("/proc").glob("[0-9]*/cmdline") if one.parent.exists()]
    return sum(os.fsencode(library) in line for line in lines)


@pytest.mark.parametrize("end", ["the page is closed", "the server dies"])
async def test_no_app_is_left_behind(tmp_path: Path, end: str) -> None:
    library = copy_sample(tmp_path / "sample")
    with served(library) as (address, process):
        async with ClientSession() as session:
            page = await opened(session, address, library)
            if end == "the server dies":
                process.kill()
                process.wait(PATIENCE)
            await page.close()
            deadline = time.monotonic() + PATIENCE
            while programs(library) > (process.poll() is None):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("end", ["the page is closed", "the server dies"])
async def test_an_app_that_applies_is_not_left_behind(tmp_path: Path, end: str) -> None:
    library = copy_sample(tmp_path / "sample")
    with Library.open(library) as prepared:
        prepared.queue.decide([CONFLICT, 24], Strategy.MERGE)
        os.truncate(prepared.queue.rows([24])[0].path, 1 << 36)  # sparse, and long enough to hash for a minute
    with served(library) as (address, process):
        async with ClientSession() as session:
            page = await opened(session, address, library)
            for key, words in (("a", b"Apply 2 decisions"), ("y", b"2 of 2")):
                await page.send_json(["stdin", key])
                while words not in (await page.receive(PATIENCE)).data:
                    pass
            if end == "the server dies":
                process.kill()
                process.wait(PATIENCE)
            await page.close()
            deadline = time.monotonic() + SOON
            while programs(library) > (process.poll() is None):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
    with Library.open(library) as left:
        assert not left.recovered
        assert CONFLICT not in left.queue.search()
        assert left.queue.decisions() == [(24, Strategy.MERGE)]
        assert check_library(left).ok


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::", "example.com", ""])
def test_only_this_machine(host: str, tmp_path: Path) -> None:
    ran = run("serve", "--host", host, library=tmp_path / "library")
    assert ran.code == 2 and "there is no password" in ran.err
    assert not (tmp_path / "library").exists()


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "tui", "--library", str(tmp_path / "library"), "serve", "--port", port],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "choose another --port" in done.stderr


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    monkeypatch.delitem(sys.modules, "tui.web.server", raising=False)
    assert "pip install 'model-curator[serve]'" in run("serve", library=tmp_path / "library").failed(1)


def test_it_prints_no_json(tmp_path: Path) -> None:
    assert "prints no JSON" in run("serve", "--json", library=tmp_path).failed(2)


def test_a_folder_that_cannot_be_a_library(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "not a folder" in run("serve", library=tmp_path / "file").failed(1)
